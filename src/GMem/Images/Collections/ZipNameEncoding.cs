using System.Text;
using System.Text.Unicode;

namespace GMem.Images;

/// <summary>
/// How names of zip entries are read that are not marked as UTF-8. Most are UTF-8 all the same. Others, of Windows programs in many
/// languages, do not say what they are; they are read as code page 437, which the format prescribes and which never makes two names one.
/// </summary>
internal sealed class ZipNameEncoding : Encoding
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly Encoding Oem = CodePagesEncodingProvider.Instance.GetEncoding(437)!;

    /// <summary>Whether any name was read as code page 437.</summary>
    public bool UsedCodePage { get; private set; }

    public override int GetByteCount(char[] chars, int index, int count) => Strict.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Strict.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetCharCount(byte[] bytes, int index, int count) =>
        Of(bytes.AsSpan(index, count)).GetCharCount(bytes, index, count);

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        Of(bytes.AsSpan(byteIndex, byteCount)).GetChars(bytes, byteIndex, byteCount, chars, charIndex);

    public override int GetMaxByteCount(int charCount) => Strict.GetMaxByteCount(charCount);

    public override int GetMaxCharCount(int byteCount) => Strict.GetMaxCharCount(byteCount);

    private Encoding Of(ReadOnlySpan<byte> bytes)
    {
        bool isUtf8 = Utf8.IsValid(bytes);
        UsedCodePage |= !isUtf8;
        return isUtf8 ? Strict : Oem;
    }
}

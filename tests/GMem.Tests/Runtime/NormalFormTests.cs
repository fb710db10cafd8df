using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GMem.Runtime;

namespace GMem.Tests.Runtime;

/// <summary>
/// Against Python's unicodedata. string.Normalize would be no judge: these tests run with InvariantGlobalization, where it does nothing.
/// </summary>
public sealed class NormalFormTests
{
    /// <summary>Of the normal forms of all characters, each followed by a zero, in UTF-8.</summary>
    private const string HashOfAll = "6E0AAA17A82BE5B6F410942F1F99AE77832FB630E98780C6EAF6779AB278235D";

    [Fact]
    public void Of_EveryCharacter_IsPythons()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int rune = 0; rune < 0x110000; rune++)
        {
            if (rune is < 0xD800 or > 0xDFFF)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(NormalForm.Of(char.ConvertFromUtf32(rune)) + '\0'));
            }
        }

        Assert.Equal(HashOfAll, Convert.ToHexString(hash.GetHashAndReset()));
    }

    [Fact]
    public void Of_SequencesInAnyOrder_IsPythons()
    {
        using StreamReader reader = new(typeof(NormalFormTests).Assembly.GetManifestResourceStream("normal-form.txt")!);
        string[] lines = [.. reader.ReadToEnd().Split('\n').Where(l => l is not (['#', ..] or ""))];
        Assert.Equal(1500, lines.Length);
        Assert.All(lines, line => Assert.Equal(Text(line.Split(';')[1]), NormalForm.Of(Text(line.Split(';')[0]))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cat")]
    [InlineData("a\uD800b")]
    [InlineData("\uDC00\u0301")]
    public void Of_NothingToCompose_IsUnchanged(string text) => Assert.Equal(text, NormalForm.Of(text));

    private static string Text(string codes) => string.Concat(codes.Split(' ').Select(
        code => char.ConvertFromUtf32(int.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
}

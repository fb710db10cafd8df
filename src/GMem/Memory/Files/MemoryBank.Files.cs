using GMem.Weights;

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Banks in a stream that are larger than this many bytes (256 MiB) are put into a cache folder and mapped from there.</summary>
    public const long LargestBankInMemory = 256L << 20;

    /// <summary>Writes a safetensors file (see the remarks): to a temporary one beside it first, flushed to disk, then renamed over it.</summary>
    /// <param name="path">Path of the file. On Windows it cannot be the file that a bank in use is mapped from.</param>
    /// <exception cref="IOException">It cannot be written; what was there before is untouched.</exception>
    /// <remarks>
    /// Tensors: <c>rows</c> F32 or F16 [n, m]; or <c>mean</c> F32 [m], <c>basis</c> F32 [m, d], <c>singular_values</c> F32 [d], <c>coefficients</c>
    /// F32 [n, d]. Where needed <c>ids</c> I64 [n], <c>weights</c> F64 [n], <c>label_numbers</c> I32 [n] (-1: none) with the labels in
    /// <c>label_text</c> U8 (UTF-8) and <c>label_offsets</c> I64 [l + 1], and <c>source_text</c> with <c>source_offsets</c> I64 [n + 1].
    /// Metadata: <c>format</c> = gmem-memory-bank, <c>version</c> = 1, <c>storage</c>, <c>next_id</c>.
    /// </remarks>
    public void Save(string path) => AtomicFile.Write(path, Save);

    /// <summary>Writes the same to a stream, which need not seek. No second copy of the bank is made.</summary>
    /// <param name="stream">Where to.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        BankWriter.Write(stream, _storage, _layout, Labels, _weights, _nextId);
    }

    /// <summary>Opens a file that <see cref="Save(string)"/> wrote. It is mapped, so this takes no time and rows are read when they are used.</summary>
    /// <param name="path">Path of the file, which must not change while the bank is in use.</param>
    /// <returns>The bank.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no memory bank, was cut short, or is of a newer version.</exception>
    public static MemoryBank Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return BankReader.Open(path);
    }

    /// <summary>
    /// Reads a bank from a stream, for instance from an entry of a zip. One of at most <see cref="LargestBankInMemory"/> bytes is read into
    /// memory; a larger one is written once into the cache folder, under the SHA-256 of its bytes, and mapped from there.
    /// </summary>
    /// <param name="stream">At the start of what <see cref="Save(Stream)"/> wrote; need not seek.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="cacheFolder">Null for <c>gmem/memory</c> in the user's cache (<c>XDG_CACHE_HOME</c>, else <c>~/.cache</c>; on Windows the local application data).</param>
    /// <returns>The bank.</returns>
    /// <exception cref="InvalidDataException">It is no memory bank, was cut short, or is of a newer version.</exception>
    /// <exception cref="IOException">The cache folder cannot be written.</exception>
    public static MemoryBank Load(Stream stream, string name, string? cacheFolder = null) => Load(stream, name, cacheFolder, LargestBankInMemory);

    internal static MemoryBank Load(Stream stream, string name, string? cacheFolder, long largestInMemory)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.CanSeek ? stream.Length - stream.Position : null, name);
        BankReader.CheckHeader(header, name);
        return header.DataStart + header.DataLength <= largestInMemory
            ? BankReader.ReadBehind(header, stream, name)
            : BankCache.Keep(header, stream, name, cacheFolder ?? BankCache.DefaultFolder);
    }
}

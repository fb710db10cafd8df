using GMem.FileFormats;

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Larger banks are not read from a stream into memory but mapped from a cache folder.</summary>
    internal const long LargestBankInMemory = 256L << 20;

    /// <summary>Writes the bank to a safetensors file. It replaces an existing file only once it is complete and flushed to disk.</summary>
    /// <param name="path">The path of the file. On Windows it cannot be the file from which a bank in use is mapped.</param>
    /// <exception cref="IOException">The file cannot be written; an existing file is untouched.</exception>
    /// <remarks>
    /// Tensors: <c>rows</c> F32 or F16 [n, m]; or <c>mean</c> F32 [m], <c>basis</c> F32 [m, d], <c>singular_values</c> F32 [d],
    /// <c>coefficients</c> F32 [n, d]. Where needed <c>ids</c> I64 [n], <c>weights</c> F64 [n], <c>label_numbers</c> I32 [n] (-1:
    /// none) with the labels in <c>label_text</c> U8 (UTF-8) and <c>label_offsets</c> I64 [l + 1], and <c>source_text</c> with
    /// <c>source_offsets</c> I64 [n + 1]. Metadata: <c>format</c> = gmem-memory-bank, <c>version</c> = 1, <c>storage</c>,
    /// <c>next_id</c>.
    /// </remarks>
    public void Save(string path) => AtomicFile.Write(path, Save);

    /// <summary>Writes the same bytes to a stream. No second copy of the bank is made.</summary>
    /// <param name="stream">The stream; it need not be seekable.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        BankWriter.Write(stream, _storage, _layout, Labels, _weights, _nextId);
    }

    /// <summary>
    /// Opens a file that <see cref="Save(string)"/> wrote. The file is mapped: opening is fast, and rows are read when they are
    /// used.
    /// </summary>
    /// <param name="path">The path of the file, which must not change while the bank is in use.</param>
    /// <returns>The bank.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is not a memory bank, is truncated, is of a newer version, or has a storage kind that is not registered.
    /// </exception>
    public static MemoryBank Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return BankReader.Open(path);
    }

    /// <summary>
    /// Reads a bank from a stream, for instance from an entry of a zip. A bank of at most 256 MiB is read into memory. A larger
    /// one is written once to the cache folder, under the SHA-256 of its bytes, and mapped from there.
    /// </summary>
    /// <param name="stream">The stream, at the start of what <see cref="Save(Stream)"/> wrote. It need not be seekable.</param>
    /// <param name="name">The name of the stream in error messages.</param>
    /// <param name="cacheFolder">
    /// Null for <c>gmem/memory</c> in the user's cache (<c>XDG_CACHE_HOME</c>, else <c>~/.cache</c>; on Windows the local
    /// application data).
    /// </param>
    /// <returns>The bank.</returns>
    /// <exception cref="InvalidDataException">
    /// It is not a memory bank, is truncated, is of a newer version, or has a storage kind that is not registered.
    /// </exception>
    /// <exception cref="IOException">The cache folder cannot be written.</exception>
    public static MemoryBank Load(Stream stream, string name, string? cacheFolder = null) =>
        Load(stream, name, cacheFolder, dimension: null);

    /// <summary>Whether damage to the file that the bank was loaded from is noticed. Banks made by edits are of no file.</summary>
    public FileIntegrity Integrity { get; internal init; }

    /// <summary>What to call the bank in an error.</summary>
    internal string Origin { get; init; } = "the memory bank";

    /// <param name="stream">As for the other.</param>
    /// <param name="name">The name of the stream in error messages.</param>
    /// <param name="cacheFolder">Null for the default.</param>
    /// <param name="dimension">How long snippets must be; null for any length.</param>
    /// <param name="largestInMemory">Larger banks are mapped from the cache folder.</param>
    internal static MemoryBank Load(
        Stream stream, string name, string? cacheFolder, int? dimension = null, long largestInMemory = LargestBankInMemory)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        SafetensorsHeader header = SafetensorsHeader.Read(stream, stream.CanSeek ? stream.Length - stream.Position : null, name);
        BankReader.CheckHeader(header, name, dimension);
        return header.DataStart + header.DataLength <= largestInMemory
            ? BankReader.ReadBehind(header, stream, name)
            : BankCache.Keep(header, stream, name, cacheFolder ?? BankCache.DefaultFolder);
    }
}

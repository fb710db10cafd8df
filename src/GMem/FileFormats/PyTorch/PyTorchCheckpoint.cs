using System.Text;

namespace GMem.FileFormats;

/// <summary>
/// A file of <c>torch.save</c> (the zip format, PyTorch 1.6 and later), opened for reading. It is mapped: tensors are loaded when they are
/// read.
/// </summary>
/// <remarks>
/// A checkpoint is a pickle, which could name any code. Here only tensors, dictionaries (OrderedDict too), lists, tuples, numbers, text,
/// truth values and None are read, and the settings of a training script (an <c>argparse.Namespace</c>) as the dictionary of its
/// attributes; any other name is refused, by name, and nothing is ever executed. Views are honoured: shared storages, offsets, strides.
/// </remarks>
internal sealed class PyTorchCheckpoint : IDisposable
{
    /// <summary>Objects of a small pickle may take this much memory; those of a large one in addition what the file has bytes.</summary>
    private const long FreeMemory = 64L << 20;

    private static readonly byte[] ZipSignature = [(byte)'P', (byte)'K', 3, 4];

    private readonly MappedFile _file;

    private PyTorchCheckpoint(string path, MappedFile file, object? root)
    {
        Path = path;
        _file = file;
        Root = root;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>
    /// What was saved: a <see cref="CheckpointTensor"/>, a <see cref="string"/>, <see cref="long"/>, <see cref="double"/>,
    /// <see cref="bool"/> or null, an <see cref="IReadOnlyList{T}"/> of such (lists and tuples), or an
    /// <see cref="IReadOnlyDictionary{TKey, TValue}"/> from <see cref="object"/> (text or numbers) to such. The same object may stand in
    /// several places, and a list may contain itself.
    /// </summary>
    public object? Root { get; }

    /// <summary>Opens a file and reads its pickle; no tensor is loaded.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>The open file; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is no such file, was cut short, is of the format before PyTorch 1.6 or big-endian, or holds objects that are refused.
    /// </exception>
    public static PyTorchCheckpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = InputFile.Open(path);
        MappedFile file = MappedFile.Of(stream);
        try
        {
            RefuseOtherFormats(stream, path);
            return new PyTorchCheckpoint(path, file, ReadRoot(new StoredZip(file, path), file.Length, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The tensors of a dictionary by name: the whole file's where it is a state dict, or those of one that is nested in it.
    /// </summary>
    /// <param name="keys">The way to it, for instance <c>"ema"</c>, or <c>"model"</c>; none for the root.</param>
    /// <returns>Its tensors; other values of it are left out.</returns>
    /// <exception cref="KeyNotFoundException">There is no dictionary there; the message says what there is.</exception>
    public IReadOnlyDictionary<string, CheckpointTensor> StateDict(params string[] keys)
    {
        object? at = Root;
        foreach (string key in keys)
        {
            at = at is PickleDictionary parent && parent.TryGetValue(key, out object? child) ? child
                : throw new KeyNotFoundException($"'{Path}' has no '{key}'{Within(keys)}; {Describe(at)}.");
        }

        return at is PickleDictionary dictionary
            ? dictionary.Where(p => p is { Key: string, Value: CheckpointTensor }).ToDictionary(
                p => (string)p.Key, p => (CheckpointTensor)p.Value!, StringComparer.Ordinal)
            : throw new KeyNotFoundException($"'{Path}' has no dictionary of tensors{Within(keys)}; {Describe(at)}.");
    }

    /// <summary>Reads a tensor.</summary>
    /// <param name="tensor">One of this file.</param>
    /// <returns>A new contiguous tensor on the CPU; dispose it.</returns>
    /// <exception cref="InvalidDataException">It repeats its storage (an expanded view) to more bytes than the file has.</exception>
    public unsafe torch.Tensor Read(CheckpointTensor tensor)
    {
        GMemRuntime.EnsureLoaded();
        int size = tensor.Storage.ElementSize;
        if (tensor.Count > (_file.Length + FreeMemory) / size)
        {
            throw new InvalidDataException(
                $"'{Path}': a tensor [{string.Join(", ", tensor.Shape)}] repeats {tensor.Storage.Count:N0} elements to more bytes than "
                    + "the file has; it is refused.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        long[] shape = [.. tensor.Shape];
        bool contiguous = tensor.IsContiguous;
        long length = tensor.Count == 0 ? 0 : tensor.End - tensor.Offset;
        torch.Tensor elements = torch.empty(contiguous ? shape : [length], dtype: tensor.DataType, device: torch.CPU);
        _file.CopyTo(tensor.Storage.Start + (tensor.Offset * size), TensorBytes.Address(elements), length * size);
        torch.Tensor result = contiguous ? elements
            : tensor.Count == 0 ? torch.empty(shape, dtype: tensor.DataType, device: torch.CPU)
            : elements.as_strided(shape, [.. tensor.Strides]).contiguous();
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Reads some rows of a matrix, so that a large one need not be held.</summary>
    internal torch.Tensor ReadRows(CheckpointTensor matrix, long start, long count) => Read(new CheckpointTensor(
        matrix.Storage, matrix.Offset + (start * matrix.Strides[0]), [count, .. matrix.Shape.Skip(1)], [.. matrix.Strides]));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void RefuseOtherFormats(FileStream stream, string path)
    {
        Span<byte> start = stackalloc byte[4];
        int read = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
        if (read == 4 && start.SequenceEqual(ZipSignature))
        {
            return;
        }

        throw new InvalidDataException(read > 1 && start[0] == 0x80
            ? $"'{path}' is in the format that PyTorch wrote before version 1.6, which is not read. Rewrite it with a newer one: "
                + "torch.save(torch.load(path), path)."
            : $"'{path}' is not a PyTorch checkpoint: it is no zip.");
    }

    private static object? ReadRoot(StoredZip zip, long fileLength, string path)
    {
        string[] pickles = [.. zip.Entries.Keys.Where(k => k == "data.pkl" || k.EndsWith("/data.pkl", StringComparison.Ordinal))];
        if (pickles.Length != 1)
        {
            throw new InvalidDataException(
                $"'{path}' is not a PyTorch checkpoint: it has {pickles.Length} entries 'data.pkl' where one is expected.");
        }

        string prefix = pickles[0][..^"data.pkl".Length];
        if (zip.Entries.TryGetValue(prefix + "byteorder", out (long Start, long Length) order)
            && Encoding.ASCII.GetString(zip.ReadBytes(order.Start, Math.Min(order.Length, 16))) is string byteOrder
                && byteOrder != "little")
        {
            throw new InvalidDataException($"'{path}' was written in the byte order '{byteOrder}'; read is 'little'.");
        }

        PickleTensors tensors = new(
            path, key => zip.Entries.TryGetValue($"{prefix}data/{key}", out (long Start, long Length) found) ? found : null);
        (long start, long length) = zip.Entries[pickles[0]];
        return PickleReader.Read(zip.ReadBytes(start, length), tensors, fileLength + FreeMemory);
    }

    private static string Within(string[] keys) => keys.Length == 0 ? "" : $" on the way to '{string.Join("/", keys)}'";

    private static string Describe(object? value) => value switch
    {
        PickleDictionary dictionary =>
            $"there is a dictionary of {string.Join(", ", dictionary.Keys.Take(10).Select(k => $"'{k}'"))}"
                + (dictionary.Count > 10 ? ", ..." : ""),
        CheckpointTensor tensor => $"there is a tensor [{string.Join(", ", tensor.Shape)}]",
        null => "there is None",
        _ => $"there is a {value.GetType().Name}",
    };
}

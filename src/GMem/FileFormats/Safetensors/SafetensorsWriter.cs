namespace GMem.FileFormats;

/// <summary>Writes tensors as safetensors, to a stream or, atomically, to a file.</summary>
internal static class SafetensorsWriter
{
    /// <summary>Writes a file: to a temporary one beside it first, flushed to disk, then renamed over it.</summary>
    /// <param name="path">Path of the file; an existing one is replaced only when the new one is complete.</param>
    /// <param name="tensors">Tensors by name, in the order in which their data are to lie; on any device.</param>
    /// <param name="metadata">Free text for the header's <c>__metadata__</c>, or null.</param>
    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    /// <exception cref="NotSupportedException">safetensors has no such element type.</exception>
    /// <exception cref="IOException">It cannot be written; what was there before is untouched.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, torch.Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    /// <summary>Writes to a stream, which need not seek.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">Tensors by name, in the order in which their data are to lie; on any device.</param>
    /// <param name="metadata">Free text for the header's <c>__metadata__</c>, or null.</param>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, torch.Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        GMemRuntime.EnsureLoaded();
        List<(SafetensorsEntry Entry, Action<Stream> Write)> items = [];
        HashSet<string> names = new(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        long offset = 0;
        foreach ((string name, torch.Tensor tensor) in tensors)
        {
            if (!names.Add(name))
            {
                throw new ArgumentException(
                    $"A tensor cannot be called '{name}': the name is the format's own, or another tensor has it.", nameof(tensors));
            }

            long length = tensor.numel() * SafetensorsHeader.ElementSize(tensor.dtype);
            items.Add((new SafetensorsEntry(name, tensor.dtype, [.. tensor.shape], offset, length), target => WriteBytes(target, tensor)));
            offset += length;
        }

        Write(stream, items, metadata ?? new Dictionary<string, string>());
    }

    /// <summary>Writes tensors whose bytes come from anywhere, with the hashes of <see cref="TensorHashes"/>.</summary>
    /// <param name="stream">Where to; it need not seek.</param>
    /// <param name="tensors">The tensors in the order of their data, and what writes the bytes of each; it is called twice.</param>
    /// <param name="metadata">Free text for the header's <c>__metadata__</c>.</param>
    public static void Write(
        Stream stream, IReadOnlyList<(SafetensorsEntry Entry, Action<Stream> Write)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Keys.FirstOrDefault(TensorHashes.IsKey) is string reserved)
        {
            throw new ArgumentException($"The metadata cannot have the key '{reserved}': the hashes of tensors have such names.");
        }

        Dictionary<string, string> all = new([.. metadata, .. TensorHashes.Of(tensors, metadata)], StringComparer.Ordinal);
        stream.Write(SafetensorsHeader.Write([.. tensors.Select(t => t.Entry)], all));
        foreach ((_, Action<Stream> write) in tensors)
        {
            write(stream);
        }
    }

    private static void WriteBytes(Stream stream, torch.Tensor tensor)
    {
        using torch.Tensor detached = tensor.detach();
        using torch.Tensor onCpu = detached.cpu();
        using torch.Tensor plain = onCpu.contiguous();
        TensorBytes.WriteTo(stream, plain);
    }
}

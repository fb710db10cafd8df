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
        KeyValuePair<string, torch.Tensor>[] items = [.. tensors];
        List<SafetensorsEntry> entries = [];
        HashSet<string> names = new(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        long offset = 0;
        foreach ((string name, torch.Tensor tensor) in items)
        {
            if (!names.Add(name))
            {
                throw new ArgumentException(
                    $"A tensor cannot be called '{name}': the name is the format's own, or another tensor has it.", nameof(tensors));
            }

            long length = tensor.numel() * SafetensorsHeader.ElementSize(tensor.dtype);
            entries.Add(new SafetensorsEntry(name, tensor.dtype, [.. tensor.shape], offset, length));
            offset += length;
        }

        stream.Write(SafetensorsHeader.Write(entries, metadata));
        foreach ((_, torch.Tensor tensor) in items)
        {
            using torch.Tensor detached = tensor.detach();
            using torch.Tensor onCpu = detached.cpu();
            using torch.Tensor plain = onCpu.contiguous();
            TensorBytes.WriteTo(stream, plain);
        }
    }
}

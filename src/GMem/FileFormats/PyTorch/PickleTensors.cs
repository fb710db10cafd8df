namespace GMem.FileFormats;

/// <summary>
/// Makes tensors of what a pickle says of them. Every view is checked against its storage, and every storage against the file.
/// </summary>
/// <param name="name">The file, for messages.</param>
/// <param name="find">Where a storage lies in the file, in bytes, by its key; null where there is none.</param>
internal sealed class PickleTensors(string name, Func<string, (long Start, long Length)?> find)
{
    private const int MostDimensions = 64;

    /// <summary>The storage of a persistent id: <c>('storage', kind, key, location, count)</c>.</summary>
    public CheckpointStorage Storage(object? id)
    {
        if (id is not PickleTuple { Count: >= 5 } tuple
            || tuple[0] is not "storage"
            || tuple[1] is not PickleGlobal { ElementType: { } type } kind
            || tuple[2] is not string key || tuple[4] is not long count)
        {
            throw Damaged("it has an object outside the pickle that is no tensor storage");
        }

        if (find(key) is not (long start, long length))
        {
            throw Damaged($"the storage '{key}' is not in it");
        }

        return count >= 0 && count <= length / kind.ElementSize
            ? new CheckpointStorage(type, kind.ElementSize, start, count)
            : throw Damaged(
                $"the storage '{key}' is said to have {count:N0} elements of {kind.ElementSize} bytes and has {length:N0} bytes");
    }

    public object? Make(PickleCall call, PickleTuple arguments) => call switch
    {
        PickleCall.Tensor when arguments is { Count: >= 4 } && arguments[0] is CheckpointStorage storage && arguments[1] is long offset
            => View(storage, offset, Numbers(arguments[2]), Numbers(arguments[3])),
        PickleCall.Parameter when arguments is { Count: >= 1 } && arguments[0] is CheckpointTensor tensor => tensor,
        _ => throw Damaged($"a {call} in it is made of the wrong things"),
    };

    public InvalidDataException Damaged(string what, Exception? inner = null) =>
        new($"'{name}' is not a valid PyTorch checkpoint: {what}.", inner);

    public InvalidDataException Refused(string what) =>
        new($"'{name}' is refused: it {what}. Save only the weights (torch.save of a state_dict) or convert it to safetensors.");

    private CheckpointTensor View(CheckpointStorage storage, long offset, long[] shape, long[] strides)
    {
        if (shape.Length != strides.Length || shape.Length > MostDimensions)
        {
            throw Damaged($"a tensor in it has {shape.Length} sizes and {strides.Length} strides");
        }

        try
        {
            // Strides are made of all sizes, also where another one is 0.
            long bytes = storage.ElementSize;
            bool empty = shape.Contains(0);
            long end = checked(offset + 1);
            for (int i = 0; i < shape.Length; i++)
            {
                bytes = checked(bytes * Math.Max(shape[i], 1));
                end = checked(end + (Math.Max(shape[i] - 1, 0) * strides[i]));
            }

            bool inside = offset >= 0 && Array.TrueForAll(shape, s => s >= 0) && Array.TrueForAll(strides, s => s >= 0)
                && (empty ? offset <= storage.Count : end <= storage.Count);
            return inside ? new CheckpointTensor(storage, offset, shape, strides) : throw Outside(storage, offset, shape, strides);
        }
        catch (OverflowException)
        {
            throw Outside(storage, offset, shape, strides);
        }
    }

    private InvalidDataException Outside(CheckpointStorage storage, long offset, long[] shape, long[] strides) => Damaged(
        $"a tensor [{string.Join(", ", shape)}] with strides [{string.Join(", ", strides)}] from element {offset} does not fit its "
            + $"storage of {storage.Count:N0}");

    private long[] Numbers(object? value) => value is PickleTuple tuple && tuple.All(i => i is long)
        ? [.. tuple.Select(i => (long)i!)]
        : throw Damaged("a tensor in it has a size or a stride that is no number");
}

using System.Collections.ObjectModel;

namespace GMem.FileFormats;

/// <summary>A tuple. One that is not plain holds a name or a storage somewhere; it is an argument, never a result.</summary>
internal sealed class PickleTuple(object?[] items) : ReadOnlyCollection<object?>(items)
{
    public bool IsPlain { get; } = Array.TrueForAll(items, PickleReader.IsPlain);
}

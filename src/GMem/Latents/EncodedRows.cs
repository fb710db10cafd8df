using GMem.FileFormats;

namespace GMem.Latents;

/// <summary>The encoded images of a data set, by the names of <see cref="EncodedTable"/>: in memory or in mapped shards.</summary>
internal sealed class EncodedRows : IDisposable
{
    private readonly Dictionary<string, torch.Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly ShardSet? _shards;

    public EncodedRows(ShardSet? shards = null) => _shards = shards;

    /// <summary>The rows of that name, or null.</summary>
    public RowSource? Find(string name) =>
        _shards?.Find(name) ?? (_tensors.TryGetValue(name, out torch.Tensor? tensor) ? new TensorRows(tensor) : null);

    /// <summary>Rows that must be there.</summary>
    public RowSource this[string name] => Find(name) ?? throw new InvalidOperationException($"The encoded images have no '{name}'.");

    /// <summary>Frees rows in memory that were copied elsewhere: nothing large is held twice.</summary>
    public void Drop(string name)
    {
        if (_tensors.Remove(name, out torch.Tensor? tensor))
        {
            tensor.Dispose();
        }
    }

    /// <summary>Copies a batch into memory, into tensors for all images.</summary>
    public void Put(IReadOnlyDictionary<string, torch.Tensor> table, long start, long count)
    {
        foreach ((string name, torch.Tensor rows) in table)
        {
            if (!_tensors.TryGetValue(name, out torch.Tensor? all))
            {
                all = torch.empty([count, .. rows.shape[1..]], dtype: rows.dtype).DetachFromDisposeScope();
                _tensors.Add(name, all);
            }

            using torch.Tensor place = all.narrow(0, start, rows.shape[0]);
            _ = place.copy_(rows);
        }
    }

    public void Dispose()
    {
        _shards?.Dispose();
        foreach (torch.Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }
}

namespace GMem.Evaluation;

/// <summary>
/// Mean and covariance of features that arrive in batches, without storing the features. Rows are first collected into blocks of a fixed
/// size, so the result is bit-identical however the rows were split into batches.
/// </summary>
/// <remarks>Blocks are merged by the pairwise update of Chan, Golub and LeVeque (1979), in float64. Memory: 2 D^2 numbers.</remarks>
internal sealed class FeatureStatisticsAccumulator : IDisposable
{
    private readonly string? _name;
    private readonly torch.Tensor _pending;
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _scatter;
    private long _merged;
    private int _pendingRows;
    private bool _disposed;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="dimension">D, at least 1.</param>
    /// <param name="name">The features' name (<see cref="FeatureExtractor.Name"/>), or null if unknown.</param>
    public FeatureStatisticsAccumulator(int dimension, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        GMemRuntime.EnsureLoaded();
        _name = name;
        _pending = torch.zeros([FeatureMatrix.BlockRows, dimension], dtype: torch.float64, device: torch.CPU).DetachFromDisposeScope();
        _mean = torch.zeros([dimension], dtype: torch.float64, device: torch.CPU).DetachFromDisposeScope();
        _scatter = torch.zeros([dimension, dimension], dtype: torch.float64, device: torch.CPU).DetachFromDisposeScope();
    }

    /// <summary>Rows added so far.</summary>
    public long Count => _merged + _pendingRows;

    /// <summary>Adds a batch.</summary>
    /// <param name="features">float32 or float64 <c>[B, D]</c>, on any device; the caller keeps ownership.</param>
    /// <exception cref="ArgumentException">The batch has the wrong width, or a value that is not finite.</exception>
    public void Add(torch.Tensor features)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        FeatureMatrix.Check(features, nameof(features), 0);
        if (features.shape[1] != _mean.shape[0])
        {
            throw new ArgumentException(
                $"These rows have {features.shape[1]} features; the previous ones had {_mean.shape[0]}.", nameof(features));
        }

        for (long done = 0; done < features.shape[0];)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            long take = Math.Min(features.shape[0] - done, FeatureMatrix.BlockRows - _pendingRows);
            _pending.narrow(0, _pendingRows, take).copy_(features.narrow(0, done, take));
            done += take;
            _pendingRows += (int)take;
            if (_pendingRows == FeatureMatrix.BlockRows)
            {
                Merge(_mean, _scatter, _merged);
                _merged += _pendingRows;
                _pendingRows = 0;
            }
        }
    }

    /// <summary>Computes the statistics of all rows added so far; more may be added afterwards.</summary>
    /// <returns>New statistics; dispose them.</returns>
    /// <exception cref="InvalidOperationException">Fewer than 2 rows were added.</exception>
    public FeatureStatistics ToStatistics()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Count < 2)
        {
            throw new InvalidOperationException($"A covariance needs at least 2 images; {Count} were added.");
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor mean = _mean.clone();
        torch.Tensor scatter = _scatter.clone();
        if (_pendingRows > 0)
        {
            Merge(mean, scatter, _merged);
        }

        return new FeatureStatistics(_name, Count, mean, scatter.TimesInPlace(1.0 / (Count - 1)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _pending.Dispose();
        _mean.Dispose();
        _scatter.Dispose();
    }

    private void Merge(torch.Tensor mean, torch.Tensor scatter, long before)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = _pending.narrow(0, 0, _pendingRows);
        torch.Tensor blockMean = rows.mean([0]);
        torch.Tensor centred = rows.sub(blockMean);
        torch.Tensor shift = blockMean.sub(mean);
        double total = before + _pendingRows;
        scatter.PlusInPlace(centred.t().matmul(centred)).PlusScaledInPlace(before * (_pendingRows / total), torch.outer(shift, shift));
        mean.PlusScaledInPlace(_pendingRows / total, shift);
    }
}

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Whether entries are drawn by weight rather than with equal probability.</summary>
    public bool HasSamplingWeights => _weights is not null;

    /// <summary>The weight with which an entry is drawn from noise.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <returns>At least 0. Where no weights are set, 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The bank has no such index.</exception>
    public double SamplingWeight(long index)
    {
        int position = CheckIndex(index, nameof(index));
        return _weights?[position] ?? 1;
    }

    /// <summary>Sets how often each entry is drawn from noise, relative to the others.</summary>
    /// <param name="weights">One for each entry, finite and at least 0 (0: never drawn), at least one above 0.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="ArgumentException">There are too few or too many weights, or a value is out of range.</exception>
    public MemoryBank WithSamplingWeights(ReadOnlySpan<double> weights)
    {
        if (weights.Length != _layout.Count)
        {
            throw new ArgumentException(
                $"There are {weights.Length:N0} sampling weights for {_layout.Count:N0} entries; give one for each.", nameof(weights));
        }

        return SamplingWeights.Fault(weights) is { } fault
            ? throw new ArgumentException(char.ToUpperInvariant(fault[0]) + fault[1..] + ".", nameof(weights))
            : new MemoryBank(_storage, _layout, weights.ToArray(), _nextId);
    }

    /// <summary>Sets how often each entry is drawn from noise, as a function of the entry.</summary>
    /// <param name="weight">The weight of an entry, finite and at least 0.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="ArgumentException">A weight is out of range.</exception>
    public MemoryBank WithSamplingWeights(Func<MemoryEntry, double> weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        return WithSamplingWeights(Entries.Select(weight).ToArray());
    }

    /// <summary>Draws all entries with equal probability again.</summary>
    /// <returns>A new bank.</returns>
    public MemoryBank WithoutSamplingWeights() => _weights is null ? this : new MemoryBank(_storage, _layout, null, _nextId);
}

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Whether entries are drawn by weights rather than all with the same chance.</summary>
    public bool HasSamplingWeights => _weights is not null;

    /// <summary>The weight by which an entry is drawn from noise.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <returns>At least 0; 1 where no weights are set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public double SamplingWeight(long index) => _weights?[CheckIndex(index, nameof(index))] ?? (CheckIndex(index, nameof(index)) >= 0 ? 1 : 0);

    /// <summary>Sets how often each entry is drawn from noise, relative to the others.</summary>
    /// <param name="weights">One for each entry, finite and at least 0 (0: never drawn), at least one above 0.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="ArgumentException">Their number or a value does not fit.</exception>
    public MemoryBank WithSamplingWeights(ReadOnlySpan<double> weights)
    {
        if (weights.Length != _layout.Count)
        {
            throw new ArgumentException($"There are {weights.Length:N0} sampling weights for {_layout.Count:N0} entries; give one for each.", nameof(weights));
        }

        return SamplingWeights.Fault(weights) is { } fault
            ? throw new ArgumentException(char.ToUpperInvariant(fault[0]) + fault[1..] + ".", nameof(weights))
            : new MemoryBank(_storage, _layout, weights.ToArray(), _nextId);
    }

    /// <summary>Sets how often each entry is drawn from noise, as a function of what is known of it.</summary>
    /// <param name="weight">Gets index, id, label and source; gives a weight, finite and at least 0.</param>
    /// <returns>A new bank.</returns>
    /// <exception cref="ArgumentException">A weight does not fit.</exception>
    public MemoryBank WithSamplingWeights(Func<MemoryEntry, double> weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        return WithSamplingWeights(Entries.Select(weight).ToArray());
    }

    /// <summary>Gives all entries the same chance again.</summary>
    /// <returns>A new bank.</returns>
    public MemoryBank WithoutSamplingWeights() => _weights is null ? this : new MemoryBank(_storage, _layout, null, _nextId);
}

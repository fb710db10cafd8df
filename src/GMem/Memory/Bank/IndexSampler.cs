namespace GMem.Memory;

/// <summary>Maps a number in [0, 1) to an entry: uniformly or by weight, among all entries or those of one label.</summary>
internal sealed class IndexSampler
{
    private readonly int _count;
    private readonly Lazy<LabelIndex> _labels;
    private readonly Lazy<double[]>? _cumulative;
    private readonly Lazy<double[]>? _cumulativeByLabel;

    public IndexSampler(int count, double[]? weights, Lazy<LabelIndex> labels)
    {
        _count = count;
        _labels = labels;
        if (weights is not null)
        {
            _cumulative = new(() => Cumulate(weights));
            _cumulativeByLabel = new(() => Cumulate(labels.Value.Entries.Select(i => weights[i])));
        }
    }

    public int Draw(double uniform) => _cumulative is null ? Part(uniform, _count) : Search(_cumulative.Value, 0, _count, uniform);

    public int Draw(double uniform, string label)
    {
        (int start, int count) = _labels.Value.Range(label, nameof(label));
        if (_cumulativeByLabel is null)
        {
            return _labels.Value.Entries[start + Part(uniform, count)];
        }

        double[] sums = _cumulativeByLabel.Value;
        return sums[start + count] > sums[start]
            ? _labels.Value.Entries[Search(sums, start, count, uniform)]
            : throw new ArgumentException(
                $"Every entry with the label '{label}' has the sampling weight 0, so none can be drawn.", nameof(label));
    }

    private static int Part(double uniform, int count) => Math.Min((int)(uniform * count), count - 1);

    private static double[] Cumulate(IEnumerable<double> weights)
    {
        List<double> sums = [0];
        foreach (double weight in weights)
        {
            sums.Add(sums[^1] + weight);
        }

        return [.. sums];
    }

    /// <summary>The first position whose sum exceeds the target. A position of weight 0 never does first.</summary>
    private static int Search(double[] sums, int start, int count, double uniform)
    {
        double end = sums[start + count];
        double target = Math.Min(sums[start] + (uniform * (end - sums[start])), Math.BitDecrement(end));
        int low = start;
        int high = start + count - 1;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (sums[middle + 1] > target)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}

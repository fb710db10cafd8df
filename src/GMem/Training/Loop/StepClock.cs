using System.Diagnostics;

namespace GMem.Training;

/// <summary>Where the time of training goes. On a GPU the host runs ahead of the device, and these are the host's times.</summary>
internal sealed class StepClock
{
    public const string Data = "data and noise";
    public const string Forward = "forward";
    public const string Backward = "backward";
    public const string Optimizer = "optimizer";
    public const string Ranks = "sum over ranks";
    public const string Averages = "averages";
    public const string Validation = "validation";
    public const string Quality = "quality";
    public const string Samples = "samples";
    public const string Checkpoint = "checkpoint";
    public const string Reports = "reports";

    private readonly Dictionary<string, double> _seconds = [];

    public double Total => _seconds.Values.Sum();

    /// <summary>Seconds in the network itself; all else is the loop's own cost.</summary>
    public double Network => _seconds.GetValueOrDefault(Forward) + _seconds.GetValueOrDefault(Backward);

    /// <summary>Seconds of a part so far.</summary>
    public double Seconds(string part) => _seconds.GetValueOrDefault(part);

    public static long Now => Stopwatch.GetTimestamp();

    /// <returns>The end of the part, which is the start of the next.</returns>
    public long Add(string part, long start)
    {
        long now = Now;
        _seconds[part] = _seconds.GetValueOrDefault(part) + Stopwatch.GetElapsedTime(start, now).TotalSeconds;
        return now;
    }

    public void Reset() => _seconds.Clear();

    /// <returns>The parts and their share of the time as text, the largest first; then the loop's own cost.</returns>
    public IReadOnlyList<(string Part, string Share)> Shares() =>
    [
        .. _seconds.OrderByDescending(p => p.Value).Select(p => (p.Key, Percent(p.Value))),
        ("own cost of the loop (all but forward and backward)", Percent(Total - Network)),
    ];

    public IReadOnlyList<(string Part, double Seconds)> Totals() => [.. _seconds.Select(p => (p.Key, p.Value))];

    private string Percent(double seconds) => (Total == 0 ? 0 : seconds / Total).ToString("P1", CultureInfo.InvariantCulture);
}

using System.Diagnostics;

namespace GMem.Training;

/// <summary>Where the time of training steps goes. Not used in training proper: on a GPU the host runs ahead of the device.</summary>
internal sealed class StepClock
{
    public const string Data = "data and noise";
    public const string Forward = "forward";
    public const string Backward = "backward";
    public const string Optimizer = "optimizer";

    private readonly Dictionary<string, double> _seconds = [];

    public double Total => _seconds.Values.Sum();

    public static long Now => Stopwatch.GetTimestamp();

    /// <returns>The end of the part, which is the start of the next.</returns>
    public long Add(string part, long start)
    {
        long now = Now;
        _seconds[part] = _seconds.GetValueOrDefault(part) + Stopwatch.GetElapsedTime(start, now).TotalSeconds;
        return now;
    }

    public void Reset() => _seconds.Clear();

    public IReadOnlyList<(string Part, double Seconds)> Totals() => [.. _seconds.Select(p => (p.Key, p.Value))];
}

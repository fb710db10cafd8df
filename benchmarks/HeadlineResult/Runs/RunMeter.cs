using System.Globalization;
using GMem.Training;

namespace HeadlineResult.Runs;

/// <summary>
/// Writes a line of progress every few seconds, and the processor time of every interval of steps. An interval that is trained again
/// after a kill replaces its first measurement, so the sum is that of an uninterrupted run.
/// </summary>
internal sealed class RunMeter(RunFolder folder) : IProgress<TrainingProgress>
{
    /// <summary>Steps of an interval. Checkpoints and stages fall on its ends.</summary>
    public const int Interval = 20;

    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(15);

    private TimeSpan _processor = Race.ProcessorTime;
    private DateTime _lastLine = DateTime.UtcNow;
    private DateTime _lastReport = DateTime.UtcNow;

    /// <summary>Begins to measure: what was spent before does not count.</summary>
    public void Start() => (_processor, _lastReport) = (Race.ProcessorTime, DateTime.UtcNow);

    public void Report(TrainingProgress value)
    {
        foreach (TrainingMessage message in value.Messages.Where(m => m.Level == TrainingMessageLevel.Warning))
        {
            Line($"warning: {message.Text}");
        }

        // An interval that is trained again has its interim reports at other steps.
        if (value.IsInterim)
        {
            return;
        }

        TimeSpan processor = Race.ProcessorTime;
        DateTime now = DateTime.UtcNow;
        double seconds = (processor - _processor).TotalSeconds, wall = (now - _lastReport).TotalSeconds;
        File.AppendAllLines(folder.Seconds, [string.Create(CultureInfo.InvariantCulture, $"{value.Step},{seconds:f3},{wall:f3}")]);
        (_processor, _lastReport) = (processor, now);
        bool isUnusual = value.Messages.Any(m => m.Level == TrainingMessageLevel.Warning) || value.SkippedSteps > 0;
        if (now - _lastLine >= LineEvery || isUnusual || value.Step == value.TotalSteps)
        {
            _lastLine = now;
            double rate = value.ImagesPerSecond / folder.Plan.BatchSize;
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"step {value.Step}/{folder.Plan.Steps}  loss {value.LossOf("velocity"):f4}  gradient {value.GradientNorm:f3}  "
                    + $"{rate:f2} steps/s"));
        }
    }

    /// <summary>A line of the log, with the time.</summary>
    public void Line(string text)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd HH:mm:ss} {text}");
        Console.WriteLine(line);
        File.AppendAllLines(folder.Log, [line]);
    }

    /// <summary>Processor seconds of training up to a step.</summary>
    public static double SecondsUntil(RunFolder folder, int step) => File.ReadLines(folder.Seconds)
        .Select(line => line.Split(','))
        .Where(parts => parts.Length == 3 && parts[2].Length > 0)
        .GroupBy(parts => int.Parse(parts[0], CultureInfo.InvariantCulture), parts => double.Parse(parts[1], CultureInfo.InvariantCulture))
        .Where(interval => interval.Key <= step)
        .Sum(interval => interval.Last());
}

using System.Globalization;
using GMem.Training;

namespace HeadlineResult.Runs;

/// <summary>
/// Writes a line of progress every some seconds, and the processor time of every interval of steps. An interval that is trained again after a kill replaces its first measurement, so the
/// sum is that of a run which was never stopped.
/// </summary>
internal sealed class RunMeter(RunFolder folder) : IProgress<TrainingProgress>
{
    /// <summary>Steps of an interval. Checkpoints and stages fall on its ends.</summary>
    public const int Interval = 20;

    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(15);

    private TimeSpan _processor = Race.ProcessorTime;
    private DateTime _lastLine = DateTime.UtcNow;
    private DateTime _lastReport = DateTime.UtcNow;

    /// <summary>Time that is spent before training is no part of it.</summary>
    public void Start() => (_processor, _lastReport) = (Race.ProcessorTime, DateTime.UtcNow);

    public void Report(TrainingProgress value)
    {
        TimeSpan processor = Race.ProcessorTime;
        DateTime now = DateTime.UtcNow;
        string line = string.Create(CultureInfo.InvariantCulture, $"{value.Step},{(processor - _processor).TotalSeconds:f3},{(now - _lastReport).TotalSeconds:f3}");
        File.AppendAllLines(folder.Seconds, [line]);
        (_processor, _lastReport) = (processor, now);
        bool isUnusual = value.Messages.Any(m => m.Level == TrainingMessageLevel.Warning) || value.SkippedSteps > 0;
        if (now - _lastLine >= LineEvery || isUnusual || value.Step == value.TotalSteps)
        {
            _lastLine = now;
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"step {value.Step}/{folder.Plan.Steps}  loss {value.DataLoss:f4}  gradient {value.GradientNorm:f3}  {value.ImagesPerSecond / folder.Plan.BatchSize:f2} steps/s"));
        }

        foreach (TrainingMessage message in value.Messages.Where(m => m.Level == TrainingMessageLevel.Warning))
        {
            Line($"warning: {message.Text}");
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
        .Select(parts => (Step: int.Parse(parts[0], CultureInfo.InvariantCulture), Seconds: double.Parse(parts[1], CultureInfo.InvariantCulture)))
        .Where(interval => interval.Step <= step)
        .GroupBy(interval => interval.Step)
        .Sum(interval => interval.Last().Seconds);
}

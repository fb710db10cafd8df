using System.Diagnostics;
using GMem.Training;

namespace GMem.Tool.Output;

/// <summary>Shows the steps of a training, and says once how long it will take, and again where that was far off.</summary>
internal sealed class TrainingReport(ProgressView view) : IProgress<TrainingProgress>
{
    /// <summary>A run that is over sooner needs no announcement.</summary>
    private static readonly TimeSpan LeastSaid = TimeSpan.FromSeconds(10);

    /// <summary>By how much the whole time may change before it is said again.</summary>
    private const double Tolerance = 1.25;

    private readonly Stopwatch _sinceFirst = new();
    private TimeSpan? _said;
    private long _before;

    public TrainingProgress? Value { get; private set; }

    /// <summary>The last measurement of quality; null where there was none.</summary>
    public QualityMeasurement? Quality { get; private set; }

    public void Report(TrainingProgress value)
    {
        Value = value;
        if (value.Quality is { } quality)
        {
            Quality = quality;
            view.Say($"step {value.Step}: {quality}");
        }

        if (_sinceFirst.IsRunning)
        {
            SayDuration(value);
        }
        else
        {
            // The first step is slower than the others: nothing is said by it.
            _before = value.Step - 1;
            _sinceFirst.Start();
        }

        view.Report(value.Step, value.TotalSteps, string.Create(
            CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.TotalSteps}  loss {value.Loss:F4}  {value.ImagesPerSecond:F0} images/s  "
                + $"{(int)value.TimeLeft.TotalMinutes}:{value.TimeLeft.Seconds:D2} left"));
    }

    private void SayDuration(TrainingProgress value)
    {
        TimeSpan whole = _sinceFirst.Elapsed + value.TimeLeft;
        if (whole < LeastSaid || (_said is { } said && whole < said * Tolerance && said < whole * Tolerance))
        {
            return;
        }

        view.Say(_said is null
            ? string.Create(CultureInfo.InvariantCulture, $"{DurationText.About(whole)} for {value.TotalSteps - _before:N0} steps")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"now {DurationText.About(value.TimeLeft)} for the {value.TotalSteps - value.Step:N0} steps left"));
        _said = whole;
    }
}

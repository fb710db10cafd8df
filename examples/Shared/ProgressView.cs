using System.Diagnostics;
using System.Globalization;
using GMem.Latents;
using GMem.MLNet;
using GMem.Training;
using Spectre.Console;

namespace Examples.Shared;

/// <summary>A live progress bar on a terminal; a plain line every few seconds where the output goes to a file.</summary>
internal sealed class ProgressView : IProgress<TrainingProgress>, IProgress<EncodingProgress>, IProgress<ReadingProgress>
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly Stopwatch _sinceLine = new();
    private ProgressTask? _bar;

    /// <summary>Shows the view while <paramref name="train"/> runs.</summary>
    public static T Show<T>(Func<ProgressView, T> train)
    {
        ProgressView view = new();
        if (!AnsiConsole.Profile.Capabilities.Interactive || !AnsiConsole.Profile.Out.IsTerminal)
        {
            return train(view);
        }

        return AnsiConsole.Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                view._bar = context.AddTask("reading the images").IsIndeterminate();
                return train(view);
            });
    }

    /// <summary>Has a trainer tell all that it does.</summary>
    public void Follow(GMemTrainer.Options options) =>
        (options.ReadingProgress, options.EncodingProgress, options.Progress) = (this, this, this);

    /// <inheritdoc/>
    public void Report(ReadingProgress value) => Tell($"{value}");

    /// <inheritdoc/>
    public void Report(EncodingProgress value) => Tell($"{value}");

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        foreach (TrainingMessage warning in value.Messages.Where(m => m.Level == TrainingMessageLevel.Warning))
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]{warning.Text}[/]");
        }

        if (_bar is not null)
        {
            _bar.IsIndeterminate = false;
            _bar.MaxValue = value.TotalSteps;
            _bar.Value = value.Step;
            _bar.Description = Markup.Escape(Text(value));
        }
        else if (!_sinceLine.IsRunning || _sinceLine.Elapsed >= PlainInterval || value.Step == value.TotalSteps)
        {
            _sinceLine.Restart();
            Console.WriteLine(Text(value));
        }
    }

    private void Tell(string text)
    {
        if (_bar is not null)
        {
            _bar.Description = Markup.Escape(text);
        }
        else
        {
            Console.WriteLine(text);
        }
    }

    private static string Text(TrainingProgress value) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {value.Step}/{value.TotalSteps}  loss {value.Loss:F4}  {value.ImagesPerSecond:F0} images/s  {Time(value.TimeLeft)} left");

    private static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:D2}");
}

using System.Diagnostics;
using Spectre.Console;

namespace GMem.Tool.Output;

/// <summary>A bar on a terminal; a plain line every few seconds where the output goes elsewhere.</summary>
internal sealed class ProgressView
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Stopwatch _sinceLine = new();
    private readonly TextWriter _writer;
    private (IAnsiConsole Terminal, ProgressTask Bar)? _drawn;

    private ProgressView(TextWriter writer) => _writer = writer;

    /// <summary>Shows the view while something runs. A closed terminal or a full disk does not end what runs.</summary>
    /// <param name="console">Where.</param>
    /// <param name="json">Whether the output is for a program; progress then goes to the error stream.</param>
    /// <param name="begin">What is done before the first report.</param>
    /// <param name="run">What runs.</param>
    public static T Show<T>(ToolConsole console, bool json, string begin, Func<ProgressView, T> run)
    {
        ProgressView view = new(
            !console.ShowsProgress ? TextWriter.Null
            : json ? console.Error
            : new ForgivingWriter(console.Output));
        if (json || !console.ShowsProgress || console.Terminal is not { } terminal)
        {
            view.Begin(begin);
            return run(view);
        }

        return terminal.Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                view._drawn = (terminal, context.AddTask(Markup.Escape(begin)).IsIndeterminate());
                return run(view);
            });
    }

    /// <summary>A phase begins of which it is not known how long it takes.</summary>
    public void Begin(string phase)
    {
        lock (_gate)
        {
            _sinceLine.Reset();
            if (_drawn is { Bar: ProgressTask bar })
            {
                (bar.IsIndeterminate, bar.Value, bar.Description) = (true, 0, Markup.Escape(phase));
            }
            else
            {
                _writer.WriteLine(phase);
            }
        }
    }

    /// <summary>Says something that stays to be read, above the bar where one is drawn.</summary>
    public void Say(string text)
    {
        lock (_gate)
        {
            if (_drawn is { Terminal: IAnsiConsole terminal })
            {
                terminal.MarkupLine(Markup.Escape(text));
            }
            else
            {
                _writer.WriteLine(text);
            }
        }
    }

    /// <summary>Says how far it is.</summary>
    public void Report(long done, long total, string text)
    {
        lock (_gate)
        {
            if (_drawn is { Bar: ProgressTask bar })
            {
                (bar.IsIndeterminate, bar.MaxValue, bar.Value, bar.Description) = (false, total, done, Markup.Escape(text));
            }
            else if (!_sinceLine.IsRunning || _sinceLine.Elapsed >= PlainInterval || done == total)
            {
                _sinceLine.Restart();
                _writer.WriteLine(text);
            }
        }
    }
}

using System.Text.Json;
using GMem.Distributed;
using GMem.Runtime;
using GMem.Tool.Arguments;
using Spectre.Console;

namespace GMem.Tool.Output;

/// <summary>Where a run writes to: results on one stream, errors on the other.</summary>
/// <param name="output">Results.</param>
/// <param name="error">Errors, and with <c>--json</c> the progress.</param>
/// <param name="terminal">Whether somebody is watching, so that progress can be drawn in place.</param>
internal sealed class ToolConsole(TextWriter output, TextWriter error, bool terminal)
{
    private readonly Lock _gate = new();
    private readonly List<string> _notes = [];
    private bool _quiet;
    private bool _verbose;

    public TextWriter Output { get; } = output;

    /// <summary>Where errors, warnings and the log go; what cannot be written is dropped.</summary>
    public TextWriter Error { get; } = new ForgivingWriter(error);

    /// <summary>The terminal to draw progress on; null where nobody is watching.</summary>
    public IAnsiConsole? Terminal { get; } = terminal
        ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new TerminalOutput(output) })
        : null;

    /// <summary>How results and errors are written. Options of one run: two runs in one process share nothing.</summary>
    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Prints one JSON document, and errors as one too.",
        Recursive = true
    };

    public Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Prints the whole log, and the stack trace of an error.",
        Recursive = true
    };

    public Option<bool> Quiet { get; } = new("--quiet")
    {
        Description = "Prints neither warnings nor progress: only the result, or the error.",
        Recursive = true
    };

    /// <summary>Whether progress is shown.</summary>
    public bool ShowsProgress => !_quiet && Ranks.Rank == 0;

    /// <summary>The processes that this one works with; only the first has anything to say.</summary>
    public RankGroup Ranks { get; init; } = RankGroup.Alone;

    /// <summary>The console of this process.</summary>
#pragma warning disable RS0030 // The only place where the tool names the console; everything else is given its streams.
    public static ToolConsole OfProcess() =>
        new(Console.Out, Console.Error,
            AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Out.IsTerminal && !Console.IsOutputRedirected);

    /// <summary>The console of one of several processes. The pseudo-terminal that mpirun gives them is nobody's.</summary>
    /// <param name="ranks">The processes.</param>
    /// <param name="error">Where ranks above the first write to, for the case that they alone fail.</param>
    public static ToolConsole OfRank(RankGroup ranks, TextWriter error) =>
        new(ranks.Rank == 0 ? Console.Out : TextWriter.Null, ranks.Rank == 0 ? Console.Error : error, terminal: false) { Ranks = ranks };
#pragma warning restore RS0030

    /// <summary>Takes note of how much a command line wants to be told.</summary>
    public void Configure(ParseResult parsed) => (_quiet, _verbose) = (parsed.GetValue(Quiet), parsed.GetValue(Verbose));

    /// <summary>Something that went wrong without ending the run.</summary>
    public void Warn(string text)
    {
        if (!_quiet)
        {
            WriteBeside("warning", "yellow", text);
        }
    }

    /// <summary>Something worth knowing beside a result; an error has its one line for itself.</summary>
    public void Note(string text) => _notes.Add(text);

    /// <summary>A line of the log that is worth knowing only to those who ask for all of it.</summary>
    public void Log(string text)
    {
        if (_verbose)
        {
            WriteBeside("log", "grey", text);
        }
    }

    /// <summary>One line, above the bar where one is drawn.</summary>
    private void WriteBeside(string kind, string colour, string text)
    {
        string line = OptionNames.InMessage(text).ReplaceLineEndings(" ");
        lock (_gate)
        {
            if (Terminal is null)
            {
                Error.WriteLine($"{kind}: {line}");
            }
            else
            {
                Terminal.MarkupLine($"[{colour}]{kind}:[/] {Markup.Escape(line)}");
            }
        }
    }

    /// <summary>Writes a result: its text, or with <c>--json</c> its value.</summary>
    public void Write(ToolResult result, bool json)
    {
        foreach (string note in _quiet || json ? [] : _notes)
        {
            Error.WriteLine(note);
        }

        try
        {
            Output.WriteLine(json ? JsonText.Of(result.Value) : result.Text.TrimEnd());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The result cannot be written to standard output: {e.Message}", e);
        }
    }

    /// <summary>Says in one line what is wrong.</summary>
    /// <returns>The code.</returns>
    public ExitCode Fail(ExitCode code, string message, string? trace, bool json)
    {
        string line = message.ReplaceLineEndings(" ");
        Error.WriteLine(json ? JsonText.OneLine(new { Error = line, ExitCode = (int)code }) : $"error: {line}");
        if (trace is not null)
        {
            Error.WriteLine(trace);
        }

        return code;
    }

    /// <summary>What an exception is to the user: a code and a line.</summary>
    public ExitCode Fail(Exception exception, bool json, bool verbose)
    {
        (ExitCode code, string message) = exception switch
        {
            OperationCanceledException => (ExitCode.Cancelled, "stopped; nothing was written."),
            RanksDifferException => (ExitCode.RanksDiffer, exception.Message),
            GMemRuntimeException => (ExitCode.Runtime, exception.Message),
            ArgumentException or IOException or UnauthorizedAccessException or InvalidDataException or InvalidOperationException
                or NotSupportedException or KeyNotFoundException
                or JsonException or InsufficientMemoryException =>
                (ExitCode.Fault, exception.Message),
            OutOfMemoryException => (ExitCode.Fault, "out of memory: choose a smaller --batch-size, --image-size or network."),
            _ =>
                (ExitCode.Bug, $"{exception.GetType().Name}: {exception.Message} This is a fault of gmem; please report it with the "
                    + "output of --verbose and of 'gmem doctor'."),
        };
        return Fail(code, OptionNames.InMessage(message), verbose ? exception.ToString() : null, json);
    }
}

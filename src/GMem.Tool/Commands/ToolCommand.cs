using GMem.Tool.Arguments;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary>A command: its options, what <c>--dry-run</c> shows, and one call into the library.</summary>
internal abstract class ToolCommand : Command
{
    private readonly Option<bool>? _dryRun;

    /// <param name="name">Its name.</param>
    /// <param name="description">What it does, one sentence.</param>
    /// <param name="console">Where it writes to.</param>
    /// <param name="examples">Whole command lines.</param>
    /// <param name="canDryRun">Whether it does anything that one might want to see first.</param>
    protected ToolCommand(string name, string description, ToolConsole console, IReadOnlyList<string> examples, bool canDryRun = true)
        : base(name, description)
    {
        ToolConsole = console;
        Examples = examples;
        if (canDryRun)
        {
            _dryRun = CommonOptions.DryRun();
            Options.Add(_dryRun);
        }

        SetAction((parsed, cancellationToken) => Task.FromResult((int)Guard(parsed, cancellationToken)));
    }

    /// <summary>Command lines for the help.</summary>
    public IReadOnlyList<string> Examples { get; }

    protected ToolConsole ToolConsole { get; }

    /// <summary>The settings as they are used, defaults filled in, checked.</summary>
    protected virtual object Settings(ParseResult parsed, CancellationToken cancellationToken) => new { };

    /// <summary>Does it.</summary>
    protected abstract ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken);

    /// <summary>Whether several processes do it together; else the first does it alone.</summary>
    protected virtual bool UsesRanks => false;

    private ExitCode Guard(ParseResult parsed, CancellationToken cancellationToken)
    {
        bool isDryRun = _dryRun is not null && parsed.GetValue(_dryRun);
        if (ToolConsole.Ranks.Rank > 0 && (isDryRun || !UsesRanks))
        {
            return ExitCode.Success;
        }

        bool json = parsed.GetValue(ToolConsole.Json);
        ToolConsole.Configure(parsed);
        try
        {
            ToolResult result = isDryRun
                ? ToolResult.Of(Settings(parsed, cancellationToken))
                : Execute(parsed, cancellationToken);
            ToolConsole.Write(result, json);
            return result.Code;
        }
        catch (Exception e)
        {
            return ToolConsole.Fail(e, json, parsed.GetValue(ToolConsole.Verbose));
        }
    }
}

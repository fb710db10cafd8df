using System.CommandLine.Help;
using System.CommandLine.Parsing;
using GMem.Tool.Arguments;
using GMem.Tool.Commands;
using GMem.Tool.Output;

namespace GMem.Tool;

/// <summary>Parses a command line and runs it. Needs nothing of the process, so that tests can run it too.</summary>
internal static class ToolProgram
{
    private const string Name = "gmem";

    private const string Description = """
        Trains, runs, judges and edits memory-conditioned image generators (GMem).

        Exit codes: 0 done; 1 something given is wrong; 2 the command line is wrong, or ranks differ;
        3 libtorch or the GPU asked for is not there; 130 stopped by Ctrl-C, or told to end; 70 a fault of the program.
        """;

    /// <param name="arguments">The command line.</param>
    /// <param name="console">Where it writes to.</param>
    /// <param name="cancellationToken">Told by Ctrl-C.</param>
    /// <returns>What the process returns.</returns>
    public static ExitCode Run(string[] arguments, ToolConsole console, CancellationToken cancellationToken = default)
    {
        Command root = Create(console);
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        InvocationConfiguration configuration = new()
        {
            EnableDefaultExceptionHandler = false,
            Output = console.Output,
            Error = console.Error,

            // Signals are Interruption's: the handler here fails at a second one.
            ProcessTerminationTimeout = null,
        };
        if (parsed.Errors.Count == 0 || parsed.Action is HelpAction or ExamplesHelp)
        {
            return (ExitCode)parsed.InvokeAsync(configuration, cancellationToken).GetAwaiter().GetResult();
        }

        string command = string.Join(' ', Path(parsed.CommandResult).Reverse());

        // A misspelt command is also a missing one; the first says it.
        string[] faults = [.. parsed.Errors.Select(e => e.Message).OrderByDescending(
            m => m.StartsWith("Unrecognized", StringComparison.Ordinal))];
        string said = string.Join(' ', parsed.UnmatchedTokens.Count > 0 ? faults.Take(parsed.UnmatchedTokens.Count) : faults);
        return console.Fail(ExitCode.Usage, $"{said} See '{command} --help'.", null, parsed.GetValue(console.Json));
    }

    private static Command Create(ToolConsole console)
    {
        Command memory = new("memory", "Looks at a model's memory bank, and edits it without training. An edit writes a new model.")
        {
            new MemoryListCommand(console), new MemoryNearestCommand(console), new MemoryAddCommand(console),
            new MemoryRemoveCommand(console),
            new MemoryInterpolateCommand(console), new MemoryMergeCommand(console), new MemoryImportCommand(console),
            new MemoryExportCommand(console),
        };

        Command adapter = new("adapter", "Adds what 'gmem train --adapter-rank' learnt to a model, or takes it out. Writes a new model.")
        {
            new AdapterAddCommand(console), new AdapterRemoveCommand(console),
        };

        Command extension = new("extension", "Installs packages for the tool that it does without, such as ResNet-18 as an encoder.")
        {
            new ExtensionAddCommand(console), new ExtensionListCommand(console),
        };

        // Not a RootCommand, which would call itself by the name of the assembly.
        Command root = new(Name, Description)
        {
            new TrainCommand(console), new GenerateCommand(console), new VaryCommand(console), new InpaintCommand(console),
            new InvertCommand(console), new EvaluateCommand(console), new TuneCommand(console), memory, adapter,
            new ImportCommand(console), new InfoCommand(console),
            new DoctorCommand(console), extension,
        };
        root.Options.Add(new HelpOption());
        root.Options.Add(new VersionOption { Action = new VersionAction() });
        root.Options.Add(console.Json);
        root.Options.Add(console.Verbose);
        root.Options.Add(console.Quiet);
        ExamplesHelp.Install(root);
        return root;
    }

    private static IEnumerable<string> Path(CommandResult result)
    {
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult command)
            {
                yield return command.Command.Name;
            }
        }
    }
}

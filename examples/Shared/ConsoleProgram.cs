using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using GMem.Distributed;
using GMem.Runtime;
using GMem.Tool;

namespace Examples.Shared;

/// <summary>
/// What the examples' command lines share: a fault that the user can mend is one line on the error stream and exit code 1.
/// </summary>
internal static class ConsoleProgram
{
    /// <summary>Parses and runs.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(RootCommand command, string[] arguments, Action<ParseResult, CancellationToken> action)
    {
        command.SetAction(parsed => Guard(() =>
        {
            using Interruption interruption = new();
            action(parsed, interruption.Token);
        }));
        ParseResult result = command.Parse(arguments);
        if (result.Errors.Count == 0)
        {
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }

        foreach (ParseError error in result.Errors)
        {
            Fail(error.Message);
        }

        return 1;
    }

    /// <summary>An option for a whole number within limits.</summary>
    public static Option<T> Number<T>(string name, string description, T byDefault, T least, T most)
        where T : struct, IBinaryInteger<T> => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => byDefault,
            CustomParser = result =>
            {
                if (result.Tokens is [Token token] && T.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                    out T value) && value >= least && value <= most)
                {
                    return value;
                }

                result.AddError(
                    $"{name} is '{string.Join(' ', result.Tokens.Select(t => t.Value))}', but must be a whole number from {least} to "
                        + $"{most}.");
                return default;
            },
        };

    private static int Guard(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (OperationCanceledException)
        {
            Fail("stopped.");
        }
        catch (Exception e) when (
            e is ArgumentException or IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException
                or GMemRuntimeException or ExternalException)
        {
            Fail(e.Message);
        }

        return 1;
    }

    private static void Fail(string message)
    {
        string line = message.ReplaceLineEndings(" ");
        if (Ranks() is { Size: > 1 } ranks)
        {
            // The first says it for all that fail the same way.
            ranks.Abort(line);
        }

        Console.Error.WriteLine($"error: {line}");
    }

    /// <summary>What is said may be that there is no MPI library to join by.</summary>
    private static RankGroup Ranks()
    {
        try
        {
            return RankGroup.Join();
        }
        catch (GMemRuntimeException)
        {
            return RankGroup.Alone;
        }
    }
}

using System.CommandLine.Help;
using System.CommandLine.Invocation;
using GMem.Tool.Commands;

namespace GMem.Tool.Arguments;

/// <summary>The usual help, of one width wherever it is printed, and after it the command's examples.</summary>
internal sealed class ExamplesHelp(HelpAction usual) : SynchronousCommandLineAction
{
    private const int Width = 120;

    /// <summary>Replaces the help of a whole command line.</summary>
    public static void Install(Command root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        HelpAction usual = (HelpAction)option.Action!;
        usual.MaxWidth = Width;
        option.Action = new ExamplesHelp(usual);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int result = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ToolCommand { Examples.Count: > 0 } command)
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in command.Examples)
            {
                output.WriteLine("  " + example);
            }
        }

        return result;
    }
}

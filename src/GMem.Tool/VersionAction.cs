using System.CommandLine.Invocation;
using System.Reflection;

namespace GMem.Tool;

/// <summary>Prints the version of the tool; System.CommandLine's own action prints that of whatever program runs it.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(
            typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
        return (int)ExitCode.Success;
    }
}

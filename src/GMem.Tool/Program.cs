using GMem.Tool.ExtensionPackages;
using GMem.Tool.Output;

namespace GMem.Tool;

/// <summary>The command <c>gmem</c>.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        ToolExtensions.Install();
        using Interruption interruption = new();
        return (int)ToolProgram.Run(arguments, ToolConsole.OfProcess(), interruption.Token);
    }
}

using GMem.Tool.Output;

namespace GMem.Tool;

/// <summary>The command <c>gmem</c>.</summary>
internal static class Program
{
    private static int Main(string[] arguments) => (int)ToolProgram.Run(arguments, ToolConsole.OfProcess());
}

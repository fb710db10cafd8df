using GMem.Distributed;
using GMem.Runtime;
using GMem.Tool.ExtensionPackages;
using GMem.Tool.Output;

namespace GMem.Tool;

/// <summary>The command <c>gmem</c>.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        ToolExtensions.Install();
        RankGroup ranks;
        try
        {
            ranks = RankGroup.Join();
        }
        catch (Exception e) when (e is GMemRuntimeException or IOException)
        {
            return (int)ToolConsole.OfProcess().Fail(ExitCode.Runtime, e.Message, null, json: false);
        }

        using Interruption interruption = new();
        return ranks.Size == 1
            ? (int)ToolProgram.Run(arguments, ToolConsole.OfProcess(), interruption.Token)
            : RunOne(ranks, arguments, interruption);
    }

    /// <summary>One of several processes: a failure of one ends all, and the first says what most of them would say.</summary>
    private static int RunOne(RankGroup ranks, string[] arguments, Interruption interruption)
    {
        using StringWriter said = new();
        ExitCode code = ToolProgram.Run(arguments, ToolConsole.OfRank(ranks, said), interruption.Token);

        // A run that was stopped keeps its model: all ranks know, and the first is still writing it.
        if (code is not (ExitCode.Success or ExitCode.Cancelled))
        {
            ranks.Abort(ranks.Rank == 0 ? "" : $"rank {ranks.Rank}: {said}".Replace("error: ", "", StringComparison.Ordinal), (int)code);
        }

        return ranks.Rank == 0 ? (int)code : 0;
    }
}

using GMem.Tool.Output;

namespace GMem.Tool.Tests;

/// <summary>What one command line gave.</summary>
internal sealed record ToolRun(ExitCode Code, string Output, string Error)
{
    public static ToolRun Of(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        ExitCode code = ToolProgram.Run(arguments, new ToolConsole(output, error, terminal: false));
        return new ToolRun(code, output.ToString(), error.ToString());
    }

    /// <summary>The same, of a run that must succeed.</summary>
    public static string Done(params string[] arguments)
    {
        ToolRun run = Of(arguments);
        Assert.True(run.Code == ExitCode.Success, $"gmem {string.Join(' ', arguments)}: {run.Code}: {run.Error}");
        return run.Output;
    }
}

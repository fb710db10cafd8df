using System.Diagnostics;
using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>A library in C that stands for one that is not here.</summary>
internal sealed class CompiledStub : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="source">Name of a file of the folder Stubs.</param>
    public CompiledStub(string source)
    {
        RankRun.RequireTool("gcc", "apt-get install gcc libc6-dev");
        Path = _folder.File($"{source}.so");
        string file = System.IO.Path.Combine(AppContext.BaseDirectory, "Stubs", $"{source}.c");
        using Process compiler = Process.Start("gcc", ["-shared", "-fPIC", "-pthread", "-O1", "-o", Path, file]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
    }

    /// <summary>The library.</summary>
    public string Path { get; }

    public void Dispose() => _folder.Dispose();
}

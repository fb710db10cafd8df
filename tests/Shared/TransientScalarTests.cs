using System.Reflection;
using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>No number is freed while libtorch reads it, in the libraries, the programs and the tests.</summary>
public sealed class TransientScalarTests
{
    /// <summary>
    /// The safe operators themselves; and a benchmark's classifier, which has TorchSharp's own batch norm and SGD: its accuracy is printed
    /// and judged, so that a wrong number would show.
    /// </summary>
    private static readonly string[] Allowed =
    [
        "GMem.Runtime.TensorNumbers", "HeadlineResult.Judging.ClassifierNetwork", "HeadlineResult.Judging.ClassifierTraining",
    ];

    [Fact]
    public void CompiledCode_MakesNumbersForLibtorch_InTensorNumbersOnly()
    {
        using TransientScalars scalars = new(AppContext.BaseDirectory);
        Assert.InRange(scalars.UnsafeCount, 100, int.MaxValue);
        string[] assemblies = [.. OwnAssemblies()];
        Assert.Contains(Assembly.GetExecutingAssembly().Location, assemblies);
        Assert.Contains(typeof(GMemModel).Assembly.Location, assemblies);
        string[] calls = [.. assemblies.SelectMany(a => scalars.Calls(a, Allowed))];
        Assert.True(calls.Length == 0,
            $"{calls.Length} calls make a number that a garbage collection may free while libtorch reads it; GMem.Runtime.TensorNumbers "
                + $"has safe ones:\n{string.Join('\n', calls)}");
    }

    /// <summary>
    /// The rule must be able to fail: where numbers are allowed, there are some, and TorchSharp itself calls what makes some.
    /// </summary>
    [Fact]
    public void Calls_WhereNumbersAreMade_AreFound()
    {
        using TransientScalars scalars = new(AppContext.BaseDirectory);
        Assert.Contains(
            scalars.Calls(typeof(GMemModel).Assembly.Location, allowed: []), call =>
                call.StartsWith("GMem: GMem.Runtime.TensorNumbers.Times ", StringComparison.Ordinal));
        Assert.Contains(
            scalars.Calls(typeof(torch).Assembly.Location, allowed: []), call =>
                call.EndsWith(" calls TorchSharp.torch/Tensor TorchSharp.torch/Tensor::square()", StringComparison.Ordinal));
    }

    /// <summary>So that the editor objects, long before this test does.</summary>
    [Fact]
    public void Operators_ThatMakeNumbers_AreBannedSymbols()
    {
        using TransientScalars scalars = new(AppContext.BaseDirectory);
        string[] banned = [.. File.ReadLines(Path.Combine(Repository.Root, "src", "BannedSymbols.txt")).Select(line => line.Split(';')[0])];
        Assert.InRange(scalars.Operators.Count, 20, 1000);
        Assert.Empty(scalars.Operators.Except(banned));
    }

    /// <summary>Those beside this test that are built from the repository.</summary>
    private static IEnumerable<string> OwnAssemblies() => new[] { "src", "tests", "benchmarks", "examples" }
        .SelectMany(folder => Directory.EnumerateDirectories(Path.Combine(Repository.Root, folder)))
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj"))
        .Select(project => Path.Combine(AppContext.BaseDirectory, Path.GetFileNameWithoutExtension(project) + ".dll"))
        .Where(File.Exists);
}

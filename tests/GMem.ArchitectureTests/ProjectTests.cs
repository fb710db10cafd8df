using System.Reflection;
using System.Runtime.CompilerServices;
using GMem.Tests.Shared;

namespace GMem.ArchitectureTests;

/// <summary>Who may refer to whom.</summary>
public sealed class ProjectTests
{
    /// <summary>Training reports to an <c>ILogger</c>; more of services GMem does not know.</summary>
    [Fact]
    public void GMem_KnowsNothingOfMLNetOrServices() => Assert.DoesNotContain(References(House.Model), name =>
        name.StartsWith("Microsoft.ML", StringComparison.Ordinal) || name.StartsWith("GMem", StringComparison.Ordinal)
        || (name.StartsWith("Microsoft.Extensions", StringComparison.Ordinal) && name != "Microsoft.Extensions.Logging.Abstractions"));

    [Fact]
    public void MLNet_KnowsGMemButNoServices()
    {
        Assert.Contains("GMem", References(House.MLNet));
        Assert.DoesNotContain(References(House.MLNet), name => name.StartsWith(
            "Microsoft.Extensions.DependencyInjection", StringComparison.Ordinal) || name is "GMem.Extensions");
    }

    /// <summary>What only some programs combine with GMem costs the others nothing.</summary>
    [Theory]
    [InlineData("SixLabors.ImageSharp", "GMem.ImageSharp")]
    [InlineData("Microsoft.Extensions.AI.Abstractions", "GMem.Extensions.AI")]
    public void PackageOfOthers_IsKnownToOneProject(string package, string project) => Assert.Equal(
        [project], House.All.Where(a => References(a).Contains(package)).Select(a => a.GetName().Name!));

    [Fact]
    public void Libraries_KnowNoCommandLine()
    {
        foreach (Assembly assembly in House.All)
        {
            Assert.DoesNotContain(References(assembly), name => name.StartsWith(
                "Spectre", StringComparison.Ordinal) || name.StartsWith("System.CommandLine", StringComparison.Ordinal));
        }
    }

    /// <summary>What one package of ours needs of another is public, so that a user's project can do the same.</summary>
    [Fact]
    public void Internals_AreSeenByTestsAndBenchmarksOnly()
    {
        string[] allowed = [.. new[] { "tests", "benchmarks" }.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories))
            .Select(file => Path.GetFileNameWithoutExtension(file)!)];
        string[] friends = [.. House.All.SelectMany(a => a.GetCustomAttributes<InternalsVisibleToAttribute>()).Select(f => f.AssemblyName)];
        Assert.Contains("GMem.Tests", friends);
        Assert.Empty(friends.Except(allowed));
    }

    private static string[] References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(a => a.Name!)];
}

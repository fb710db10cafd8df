using System.Reflection;
using GMem.Tests.Shared;
using NetArchTest.Rules;

namespace GMem.ArchitectureTests;

/// <summary>The projects and rooms that the rules speak of.</summary>
internal static class House
{
    public static readonly Assembly Model = typeof(GMemModel).Assembly;
    public static readonly Assembly MLNet = typeof(MLNet.GMemTrainer).Assembly;
    public static readonly Assembly Extensions = typeof(Extensions.ImageService).Assembly;

    public static readonly Assembly ExtensionsAI = typeof(Extensions.AI.GMemImageGenerator).Assembly;
    public static readonly Assembly ImageSharp = typeof(ImageSharp.ImageSharpTypeAttribute).Assembly;

    public static readonly Assembly[] All = [Model, MLNet, Extensions, ExtensionsAI, ImageSharp];

    public static string Root() => Repository.Root;

    /// <summary>The folders in which code is written, with their files; what is built is not.</summary>
    public static IEnumerable<string> SourceFiles() =>
        Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}") && !file.Contains(
            $"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}"));

    /// <summary>The types of a room of GMem that depend on one of several others.</summary>
    public static IReadOnlyList<string> Offenders(string room, params string[] forbidden)
    {
        PredicateList types = Types.InAssembly(Model).That().ResideInNamespace($"GMem.{room}");
        Assert.True(types.GetTypes().Any(), $"there is no room {room}");
        NetArchTest.Rules.TestResult result = types.ShouldNot()
            .HaveDependencyOnAny([.. forbidden.Select(f => f.Contains('.') ? f : $"GMem.{f}")]).GetResult();
        return result.IsSuccessful ? [] : [.. result.FailingTypeNames];
    }
}

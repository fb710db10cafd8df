using System.Text.RegularExpressions;

namespace GMem.ArchitectureTests;

/// <summary>How files are cut: one public type each, named like it, in the namespace of its room.</summary>
public sealed partial class FileTests
{
    /// <summary>Folders inside a room that have a namespace of their own.</summary>
    private static readonly string[] OwnNamespaces = ["GMem.Autoencoders.Kl", "GMem.Backbone.Kernels", "GMem.Encoders.DinoV2"];

    [Fact]
    public void File_HasOnePublicTypeAtMost() => Assert.Empty(Faults((_, text) => PublicTypes(text).Count <= 1));

    [Fact]
    public void File_WithAPublicType_IsNamedLikeIt() => Assert.Empty(Faults((file, text) =>
        PublicTypes(text) is not [string type] || Path.GetFileName(file).Split('.')[0] == type));

    [Fact]
    public void File_IsInTheNamespaceOfItsRoom() => Assert.Empty(Faults((file, text) =>
        Namespace().Match(text) is not { Success: true } match
            || match.Groups[1].Value == ExpectedNamespace(file) || IsAttributeOfTheRuntime(match.Groups[1].Value)));

    /// <summary>Each rule must be able to fail.</summary>
    [Fact]
    public void Rules_OfAFileThatBreaksThem_FindIt()
    {
        const string Wrong = "namespace GMem.Elsewhere;\n\npublic sealed class One;\n\npublic enum Two\n{\n}\n";
        Assert.Equal(["One", "Two"], PublicTypes(Wrong));
        Assert.NotEqual(
            ExpectedNamespace(Path.Combine(House.Root(), "src", "GMem", "Memory", "One.cs")), Namespace().Match(Wrong).Groups[1].Value);
        Assert.Equal("GMem.Memory", ExpectedNamespace(Path.Combine(House.Root(), "src", "GMem", "Memory", "One.cs")));
        Assert.Equal("GMem.Training", ExpectedNamespace(Path.Combine(House.Root(), "src", "GMem", "Training", "Loop", "Deeper", "One.cs")));
        Assert.Equal("GMem.MLNet", ExpectedNamespace(Path.Combine(House.Root(), "src", "GMem.MLNet", "One.cs")));
        Assert.Equal(2, Faults((_, _) => false).Take(2).Count());
    }

    private static IEnumerable<string> Faults(Func<string, string, bool> holds)
    {
        string[] files = [.. House.SourceFiles()];
        Assert.NotEmpty(files);
        return files.Where(file => !holds(file, File.ReadAllText(file))).Select(file => Path.GetRelativePath(House.Root(), file));
    }

    /// <summary>Attributes which the runtime knows by name have to be declared where it looks for them.</summary>
    private static bool IsAttributeOfTheRuntime(string name) => name == "System.Runtime.CompilerServices";

    /// <summary>
    /// A room is the first folder below a project; files directly in a project, and those of the model, have the project's namespace.
    /// </summary>
    private static string ExpectedNamespace(string file)
    {
        string folder = Path.GetRelativePath(Path.Combine(House.Root(), "src"), Path.GetDirectoryName(file)!);
        string[] folders = folder.Split(Path.DirectorySeparatorChar);
        return folders is ["GMem", "Model"]
            ? "GMem"
            : OwnNamespaces.FirstOrDefault(name => name == string.Join('.', folders)) ?? string.Join('.', folders.Take(2));
    }

    private static List<string> PublicTypes(string text) => [.. PublicType().Matches(text).Select(m => m.Groups[1].Value).Distinct()];

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^public (?:static |sealed |abstract |partial |readonly |unsafe |ref )*"
        + @"(?:class|struct|interface|enum|record struct|record class|record|delegate [\w<>?.\[\]]+) (\w+)",
        RegexOptions.Multiline)]
    private static partial Regex PublicType();
}

using System.Text.RegularExpressions;

namespace GMem.ArchitectureTests;

/// <summary>
/// Rooms are namespaces directly below GMem, and the root namespace, which is the room of the model. Every reference among them is in one
/// list, and the list has no circle (docs/architecture.md).
/// </summary>
public sealed partial class RoomTests
{
    private const string Root = "Model";

    /// <summary>
    /// For each room those that it refers to. A reference that is not here fails, as does one that is here and not there.
    /// </summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Runtime"] = [],
        ["FileFormats"] = ["Runtime"],
        ["Distributed"] = ["FileFormats", "Runtime"],
        ["Parts"] = ["FileFormats", "Runtime"],
        ["Images"] = ["FileFormats", "Runtime"],
        ["Encoders"] = ["FileFormats", "Images", "Parts", "Runtime"],
        ["Autoencoders"] = ["FileFormats", "Images", "Parts", "Runtime"],
        ["Memory"] = ["FileFormats", "Runtime"],
        ["Latents"] = ["Autoencoders", "Distributed", "Encoders", "FileFormats", "Images", "Parts", "Runtime"],
        ["Transport"] = ["Runtime"],
        ["Sampling"] = ["Runtime", "Transport"],
        ["Backbone"] = ["FileFormats", "Parts", "Runtime"],
        ["Training"] = ["Backbone", "Distributed", "FileFormats", "Images", "Latents", "Parts", "Runtime", "Transport"],
        ["Evaluation"] = ["Distributed", "FileFormats", "Images", "Runtime"],
        [Root] =
        [
            "Autoencoders", "Backbone", "Distributed", "Encoders", "Evaluation", "FileFormats", "Images", "Latents", "Memory", "Parts",
            "Runtime", "Sampling", "Training", "Transport",
        ],
    };

    private static RoomGraph Graph => new("GMem", Root);

    [Fact]
    public void References_OfTheCompiledCode_AreThoseOfTheList() =>
        Assert.Equal(
            Allowed.SelectMany(room => room.Value.Select(to => $"{room.Key} -> {to}")).Order(StringComparer.Ordinal),
            Graph.References(House.Model.Location).Select(r => $"{r.From} -> {r.To}").Order(StringComparer.Ordinal));

    /// <summary>An import that is not used leaves no trace in the compiled code.</summary>
    [Fact]
    public void Imports_OfTheSources_AreInTheList() => Assert.Empty(
        from file in House.SourceFiles()
        let text = File.ReadAllText(file)
        from fault in ForbiddenImports(text)
        select $"{Path.GetRelativePath(House.Root(), file)}: {fault}");

    [Fact]
    public void References_OfTheList_HaveNoCircle() =>
        Assert.Null(RoomGraph.Circle([.. Allowed.SelectMany(room => room.Value.Select(to => (room.Key, to)))]));

    /// <summary>The tests of the tests: each must be able to fail.</summary>
    [Fact]
    public void ForbiddenImports_OfAFileWithOne_NamesIt()
    {
        const string Wrong = "using System;\nusing GMem.Runtime;\nusing GMem.Training;\n\nnamespace GMem.Memory;\n";
        Assert.Equal(["Memory may not refer to Training"], ForbiddenImports(Wrong));
        Assert.Empty(ForbiddenImports(Wrong.Replace("using GMem.Training;\n", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void References_OfAnAssemblyOfOtherRooms_AreFound()
    {
        // This assembly's own code refers from GMem.ArchitectureTests to GMem.ArchitectureTests.Inner and back.
        RoomGraph graph = new("GMem.ArchitectureTests", "Outer");
        Assert.Equal(House.Root(), Inner.InnerRoom.Root());
        IReadOnlyList<(string, string)> found = graph.References(typeof(RoomTests).Assembly.Location);
        Assert.Contains(("Outer", "Inner"), found);
        Assert.Contains(("Inner", "Outer"), found);
        Assert.Equal(3, RoomGraph.Circle([.. found])!.Count);
        Assert.Equal(["a", "b", "c", "a"], RoomGraph.Circle([("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")]));
        Assert.Null(RoomGraph.Circle([("a", "b"), ("b", "c"), ("a", "c")]));
    }

    [Fact]
    public void Rooms_AreTheFoldersOfTheSources()
    {
        IEnumerable<string> folders = Directory.EnumerateDirectories(Path.Combine(House.Root(), "src", "GMem"))
            .Select(d => Path.GetFileName(d)!).Where(d => d is not ("bin" or "obj"));
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));
    }

    /// <summary>The memory is data; a network belongs elsewhere.</summary>
    [Fact]
    public void Memory_KnowsNoNetwork()
    {
        Assert.Empty(House.Offenders("Memory", "TorchSharp.torch.nn", "TorchSharp.Modules"));
        Assert.NotEmpty(House.Offenders("Backbone", "TorchSharp.Modules"));
    }

    private static IEnumerable<string> ForbiddenImports(string text)
    {
        if (Namespace().Match(text) is not { Success: true } own || (own.Groups[1].Success && !Allowed.ContainsKey(own.Groups[1].Value)))
        {
            // Another project's file.
            return [];
        }

        string room = own.Groups[1].Success ? own.Groups[1].Value : Root;
        return Import().Matches(text).Select(m => m.Groups[1].Value)
            .Where(to => Allowed.ContainsKey(to) && to != room && !Allowed[room].Contains(to)).Select(
                to => $"{room} may not refer to {to}");
    }

    [GeneratedRegex(@"^namespace GMem(?:\.(\w+))?(?:\.\w+)*;", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using GMem\.(\w+)[\w.]*;", RegexOptions.Multiline)]
    private static partial Regex Import();
}

using System.Reflection;
using GMem.Images;
using GMem.MLNet;
using GMem.Tests.Shared;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.ML;

namespace GMem.PipelineTests;

/// <summary>
/// The program in F# and the one of a single file, run in this process; <c>.ci/run</c> starts them as people do.
/// </summary>
public sealed class ProgramTests
{
    [Fact]
    public void Programs_OfFSharpAndOfOneFile_DrawWhatTheModelLearned()
    {
        using WorkingFolder folder = new();
        _ = Printed.By(() => Assert.Equal(0, FSharpProgram(["120", "."])));

        string[] printed = Printed.By(() => Assert.Equal(0, RunFile("generate.cs", "model.zip", "one-file", "3")));

        Assert.Equal("wrote 3 images to one-file", Assert.Single(printed));
        RgbImage[] reds = [.. Enumerable.Range(0, 4).Select(i => ImageReader.ReadFile($"red-{i}.png"))];
        Assert.All(reds, red => Assert.True(Mean(red, 0) > Mean(red, 2) + 10, "the picture of a red square is not red"));
        MLContext ml = new();
        using GMemTransformer model = GMemTransformer.Load("model.zip", ml);
        IReadOnlyList<RgbImage> expected = Likeness.Read(ml, model.Transform(ml.ImageGeneration.CreatePrompts(3)));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(expected[i].Pixels, ImageReader.ReadFile($"one-file/{i}.png").Pixels));
    }

    private static int FSharpProgram(string[] arguments) => Program.main(arguments);

    /// <summary>Compiles a program of one file, without the lines that are for <c>dotnet run</c>, and runs it.</summary>
    private static int RunFile(string name, params string[] arguments)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Repository.Root, "examples", "FileBased", name));
        Assert.Contains("#:project ../../src/GMem.MLNet", lines);
        string[] usings = [.. new[] { "", ".Linq", ".IO", ".Collections.Generic" }.Select(n => $"global using System{n};")];
        SyntaxTree[] trees = [.. new[] { string.Join('\n', usings), string.Join('\n', lines.Where(l => !l.StartsWith('#'))) }
            .Select(text => CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest)))];
        string assemblies = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "OneFile", trees, assemblies.Split(Path.PathSeparator).Select(a => MetadataReference.CreateFromFile(a)));
        using MemoryStream compiled = new();
        Assert.Empty(compilation.Emit(compiled).Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error));
        MethodInfo main = Assembly.Load(compiled.ToArray()).EntryPoint!;
        return (int)main.Invoke(null, [arguments])!;
    }

    private static double Mean(RgbImage image, int channel) =>
        image.Pixels.Where((_, i) => i % ImageShape.Rgb == channel).Average(value => value);
}

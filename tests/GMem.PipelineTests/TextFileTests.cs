using System.Globalization;
using GMem.Images;
using GMem.MLNet;
using GMem.PipelineTests.Recipes;
using GMem.Tests.Shared;
using Microsoft.ML;

namespace GMem.PipelineTests;

public sealed class TextFileTests(Pictures pictures)
{
    [Fact]
    public async Task Recipe_OfATextFile_AnswersSeedLabelAndImageWithoutAColumnOfLabels()
    {
        using WorkingFolder folder = new();
        IReadOnlyList<ImageFile> files = Pictures.In(pictures.Shapes);
        File.WriteAllLines("list.tsv", ["path\tkind", .. files.Select(f => $"{f.ImagePath}\t{f.Label}")]);
        MLContext ml = new(seed: 1);
        TextFileRecipe.Train(ml, Tiny.Options(), "list.tsv");

        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        string[] lines = Printed.By(() => TextFileRecipe.Generate(ml, files[7].ImagePath));

        // The picture is one that was trained on, so its snippet is that of its entry.
        Assert.Equal(3, lines.Length);
        Assert.EndsWith("label 'ring', cosine 1.00", lines[1]);
        Assert.Equal("seed 7: entry -1, label '', cosine 1.00", lines[2]);
        using GMemTransformer model = GMemTransformer.Load("model.zip");
        Assert.Equal(["circle", "cross", "ring", "square", "triangle"], model.Memory.Labels.Order(StringComparer.Ordinal));
        Assert.Equal(files.Select(f => f.ImagePath), Enumerable.Range(0, files.Count).Select(i => model.Memory.Entry(i).Source));
        Assert.InRange(Likeness.Of(model), 0.75, 1);

        string[] fresh = await FreshProcess.RunAsync(Path.GetFullPath("model.zip"), "7", "7:label=ring", $"7:image={files[7].ImagePath}");
        string[] entries = [.. fresh.Skip(1).Select(line => line.Split(' ')[1])];
        Assert.Equal(lines.Select(line => line.Split(' ', ',')[3]), entries);
        RgbImage[] drawn = [.. entries.Select(e => ImageReader.ReadFile($"{e}.png"))];
        Assert.Equal(Likeness.Read(ml, model.Transform(ml.ImageGeneration.CreatePrompts(1, seed: 7, label: "ring")))[0].Pixels,
            drawn[1].Pixels);
        Assert.Equal(3, fresh.Skip(1).Select(line => line.Split(' ')[3]).Distinct().Count());
    }
}

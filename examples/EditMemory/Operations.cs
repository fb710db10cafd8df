using Examples.Shared;
using GMem;
using GMem.Images;
using GMem.Memory;
using GMem.MLNet;
using Microsoft.ML;
using TorchSharp;

namespace EditMemory;

/// <summary>What can be done with a memory. Every operation gives images, row by row; none changes the model or its bank.</summary>
internal sealed class Operations(MLContext ml, GMemTransformer model, int seed)
{
    public const int Columns = 8;

    private const int Nearest = 3;

    private ImageShape ImageShape => model.Model.ImageShape;

    /// <summary>Generates from pictures that were never trained on: each becomes a snippet by the model's own encoder.</summary>
    public IReadOnlyList<RgbImage> External(IReadOnlyList<RgbImage> pictures)
    {
        List<RgbImage> grid = [];
        foreach (RgbImage picture in pictures)
        {
            using torch.Tensor snippet = model.Model.Encode(picture);
            MemoryNeighbor[] neighbors = model.Memory.Nearest(snippet, Nearest)[0];
            grid.Add(CenterCrop.Apply(picture, ImageShape));
            grid.AddRange(neighbors.Select(Remembered));
            float[] values = [.. snippet.data<float>()];
            grid.AddRange(ml.Generate(
                model, Enumerable.Range(seed, Columns - 1 - Nearest).Select(s => new PromptRow { Seed = s, Snippet = values })));
            Console.WriteLine(
                $"  cosine {neighbors[0].Cosine:f3} to the nearest of {model.Memory.Count} memories, labelled '{neighbors[0].Label}'");
        }

        return grid;
    }

    /// <summary>Images between two memories, with one noise.</summary>
    public IReadOnlyList<RgbImage> Interpolation()
    {
        (long from, long to) = (First(Label(0)), First(Label(1)));
        (long otherFrom, long otherTo) = (Last(Label(1)), Last(Label(0)));
        return
        [
            .. Between(from, to, SnippetInterpolation.Linear), .. Between(from, to, SnippetInterpolation.Spherical),
            .. Between(otherFrom, otherTo, SnippetInterpolation.Linear), .. Between(otherFrom, otherTo, SnippetInterpolation.Spherical),
        ];
    }

    /// <summary>Takes a label out of the memory; the seeds that drew from it then draw something else.</summary>
    public IReadOnlyList<RgbImage> LabelRemoved()
    {
        string label = Label(0);
        long[] seeds = [.. Enumerable.Range(seed,
            10_000).Select(s => (long)s).Where(s => model.Model.EntryOf(new GenerationRequest(s))?.Label == label).Take(2 * Columns)];
        using GMemTransformer without = model.WithMemory(model.Memory.RemoveLabel(label));
        PromptRow[] prompts = [.. seeds.Select(s => new PromptRow { Seed = s })];
        return [.. ml.Generate(model, prompts), .. ml.Generate(without, prompts)];
    }

    /// <summary>Two banks, each of one label, and both in one.</summary>
    public IReadOnlyList<RgbImage> Merged()
    {
        MemoryBank first = model.Memory.KeepLabel(Label(0));
        MemoryBank second = model.Memory.KeepLabel(Label(1));
        using GMemTransformer ofFirst = model.WithMemory(first);
        using GMemTransformer ofSecond = model.WithMemory(second);
        using GMemTransformer ofBoth = model.WithMemory(first.Merge(second));
        return [.. ml.Generate(ofFirst, Seeds(Columns)), .. ml.Generate(ofSecond, Seeds(Columns)), .. ml.Generate(
            ofBoth, Seeds(2 * Columns))];
    }

    private IEnumerable<RgbImage> Between(long from, long to, SnippetInterpolation method)
    {
        IEnumerable<PromptRow> prompts = Enumerable.Range(0, Columns).Select(i =>
        {
            using torch.Tensor snippet = model.Memory.Interpolate(from, to, i / (Columns - 1.0), method);
            return new PromptRow { Seed = seed, Snippet = [.. snippet.data<float>()] };
        });
        return ml.Generate(model, prompts);
    }

    private IEnumerable<PromptRow> Seeds(int count) => Enumerable.Range(seed, count).Select(s => new PromptRow { Seed = s });

    private string Label(int index) => index < model.Memory.Labels.Count
        ? model.Memory.Labels[index]
        : throw new ArgumentException(
            $"The memory has {model.Memory.Labels.Count} labels, and two are needed. Train on a folder with a subfolder for each label, "
                + "or without --model and --images.");

    private long First(string label) => model.Memory.IndicesOf(label)[0];

    private long Last(string label) => model.Memory.IndicesOf(label)[^1];

    /// <summary>
    /// The training image behind an entry; where the bank does not know it or it is gone, what the model generates from the entry.
    /// </summary>
    private RgbImage Remembered(MemoryNeighbor entry) => entry.Source is { } source && File.Exists(SourceFile.Of(source))
        ? CenterCrop.Apply(ImageReader.ReadFile(source), ImageShape)
        : ml.Generate(model, [new PromptRow { Seed = seed, MemoryIndex = entry.Index }]).Single();
}

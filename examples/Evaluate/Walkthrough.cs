using Examples.Shared;
using GMem.Evaluation;
using GMem.Images;
using GMem.Memory;
using GMem.MLNet;
using Microsoft.ML;

namespace EvaluateModel;

/// <summary>A model and real images in, a table and two pictures out.</summary>
internal static class Walkthrough
{
    private const int Pairs = 32;
    private const int SmallestTile = 64;

    public static void Run(Settings settings, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings.Output);
        MLContext ml = new(settings.Seed);
        using GMemTransformer model = GMemTransformer.Load(settings.Model, ml);
        using FeatureExtractor? inception = settings.Inception is { } weights
            ? InceptionFeatures.Load(weights, device: model.Model.Device)
            : null;
        IReadOnlyList<ImageFile> real = ImageCollection.Enumerate(settings.Images);
        IReadOnlyList<ImageFile>? training = TrainingImages(model.Memory);
        Console.WriteLine(
            $"Comparing {settings.Count} generated with {real.Count} real "
                + $"images{(training is null ? "; the training images are not where they were, so copies are not looked for" : "")}.");

        IDataView generated = model.Transform(ml.ImageGeneration.CreatePrompts(settings.Count, settings.Seed));
        ImageGenerationMetrics metrics = ml.ImageGeneration.Evaluate(
            ml.Data.LoadFromEnumerable(real),
            generated,
            features: inception,
            training: training is null ? null : ml.Data.LoadFromEnumerable(training),
            cancellationToken: cancellationToken);

        Console.WriteLine(metrics);
        File.WriteAllText(Path.Combine(settings.Output, "metrics.txt"), metrics + Environment.NewLine);
        SavePictures(ml, model, settings, metrics.Copies, training);
    }

    /// <summary>The files that the memory's entries say they come from; null if one is unknown or gone.</summary>
    private static IReadOnlyList<ImageFile>? TrainingImages(MemoryBank memory)
    {
        ImageFile[] files = [.. memory.Entries.Select(e => new ImageFile { ImagePath = e.Source ?? "" })];
        return files.All(f => f.ImagePath.Length > 0) && files.Select(f => SourceFile.Of(f.ImagePath)).Distinct().All(File.Exists)
            ? files
            : null;
    }

    private static void SavePictures(
        MLContext ml, GMemTransformer model, Settings settings, CopyCheckResult? copies, IReadOnlyList<ImageFile>? training)
    {
        ImageShape shape = model.Model.ImageShape;
        int scale = Math.Max(1, SmallestTile / shape.Width);
        long[] first = [.. Enumerable.Range(0, Math.Min(64, settings.Count)).Select(i => (long)settings.Seed + i)];
        ImageGrid.Save(Path.Combine(settings.Output, "samples.png"), Generate(first), scale: scale);
        if (copies is null || training is null)
        {
            return;
        }

        // A seed gives the same image again, so that of all images only the nearest pairs need be made twice and none kept.
        CopyPair[] nearest = [.. copies.Pairs.Take(Pairs)];
        IReadOnlyList<RgbImage> generated = Generate(nearest.Select(p => settings.Seed + p.GeneratedIndex));
        RgbImage[] pairs = [.. nearest.Select((pair, i) => ImageGrid.Compose(
            [generated[i], CenterCrop.Apply(ImageReader.ReadFile(training[(int)pair.TrainingIndex].ImagePath), shape)], columns: 2,
            scale: 1, padding: 0))];
        ImageGrid.Save(Path.Combine(settings.Output, "nearest-pairs.png"), pairs, columns: 4, scale: scale, padding: 4);

        List<RgbImage> Generate(IEnumerable<long> seeds) => ml.Generate(model, seeds.Select(s => new PromptRow { Seed = s }));
    }
}

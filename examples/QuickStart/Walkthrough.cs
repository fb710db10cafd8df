using System.Diagnostics;
using Examples.Shared;
using GMem.Distributed;
using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;

namespace QuickStart;

/// <summary>The whole way from images to a trained, saved and loaded model and what it generates.</summary>
internal static class Walkthrough
{
    private const int TrainingPairs = 32;
    private const int SmallestTile = 64;

    public static void Run(Settings settings, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        OutputFolder output = new(settings.Output);
        MLContext ml = new MLContext(settings.Seed).WithWarnings();

        // One process, unless mpirun started several, which train together (docs/scale-out.md); the first of them writes.
        RankGroup ranks = RankGroup.Join();
        bool isFirst = ranks.Rank == 0;
        if (isFirst && settings.Images is null)
        {
            ShapesDataSet.Write(output.Shapes, settings.Seed);
        }

        ranks.Barrier();
        IReadOnlyList<ImageFile> files = ImageCollection.Enumerate(settings.Images ?? output.Shapes);
        if (isFirst)
        {
            Console.WriteLine(
                $"Training on {files.Count} images, {settings.ImageSize} x {settings.ImageSize}, for {settings.Steps} steps of "
                    + $"{settings.BatchSize}.");
        }

        IDataView images = ml.Data.LoadFromEnumerable(files);
        using (GMemTransformer trained = ProgressView.Show(progress =>
            ml.ImageGeneration.Trainers.GMem(settings.ToTrainerOptions(progress, ranks, cancellationToken)).Fit(images)))
        {
            if (!isFirst)
            {
                return;
            }

            ml.Model.Save(trained, images.Schema, output.Model);
            if (trained.IsPartial)
            {
                Console.WriteLine(
                    $"Stopped after {trained.TrainedSteps} of {settings.Steps} steps. What was learned is in {output.Model}.");
                return;
            }
        }

        ITransformer model = ml.Model.Load(output.Model, out _);
        using IDisposable? network = model as IDisposable;
        Console.WriteLine($"Trained, saved and loaded {output.Model} after {clock.Elapsed:m\\:ss}; generating {settings.Count} images.");
        WriteSamples(ml, model, settings, output, cancellationToken);
        WritePairs(ml, model, settings, files, output, cancellationToken);
        Console.WriteLine(
            $"Wrote {output.Samples}, {output.Training} and {settings.Count} images in {output.Singles} ({clock.Elapsed:m\\:ss} in all).");
    }

    /// <summary>Images by seed alone: the seed picks an entry of the memory bank and the noise.</summary>
    private static void WriteSamples(
        MLContext ml, ITransformer model, Settings settings, OutputFolder output, CancellationToken cancellationToken)
    {
        IDataView prompts = ml.ImageGeneration.CreatePrompts(settings.Count, settings.Seed);
        List<RgbImage> grid = [];
        int index = 0;
        output.ClearSingles();
        foreach (RgbImage image in ml.Generate(model, prompts, cancellationToken))
        {
            PngWriter.Write(output.Single(index++), image);
            if (grid.Count < Settings.DefaultCount)
            {
                grid.Add(image);
            }
        }

        ImageGrid.Save(output.Samples, grid, scale: Scale(settings));
    }

    /// <summary>
    /// Training images, each beside an image generated from its own snippet, the entry of the same index in the memory bank.
    /// </summary>
    private static void WritePairs(
        MLContext ml, ITransformer model, Settings settings, IReadOnlyList<ImageFile> files, OutputFolder output,
        CancellationToken cancellationToken)
    {
        int count = Math.Min(TrainingPairs, files.Count);
        int[] entries = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * files.Count / count))];
        IDataView prompts = ml.Data.LoadFromEnumerable(
            entries.Select(e => new PromptRow { Seed = settings.Seed + e, MemoryIndex = e }).ToArray());
        IEnumerable<RgbImage> pairs = ml.Generate(model, prompts, cancellationToken).Select((generated, i) => ImageGrid.Compose(
            [CenterCrop.Apply(ImageReader.ReadFile(files[entries[i]].ImagePath), settings.ImageSize), generated], columns: 2, scale: 1,
            padding: 0));
        ImageGrid.Save(output.Training, [.. pairs], columns: 4, scale: Scale(settings), padding: 4);
    }

    /// <summary>Small images are shown enlarged.</summary>
    private static int Scale(Settings settings) => Math.Max(1, SmallestTile / settings.ImageSize);
}

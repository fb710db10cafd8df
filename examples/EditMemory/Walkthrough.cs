using System.Diagnostics;
using Examples.Shared;
using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;

namespace EditMemory;

/// <summary>A trained or loaded model, and one grid for each thing that can be done with its memory.</summary>
internal static class Walkthrough
{
    public static void Run(Settings settings, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Directory.CreateDirectory(settings.Output);
        MLContext ml = new MLContext(settings.Seed).WithWarnings();
        using GMemTransformer model = settings.Model is { } path ? GMemTransformer.Load(path, ml) : Train(ml, settings, cancellationToken);
        Console.WriteLine(
            $"The model remembers {model.Memory.Count} images of {model.Memory.Labels.Count} labels ({clock.Elapsed:m\\:ss}).");

        Operations operations = new(ml, model, settings.Seed);
        Write("external", "each row: a picture the model never saw, what it remembers nearest to it, and images generated from it",
            () => operations.External(ExternalImages(settings)));
        Write("interpolation", "each row: from one memory to another, linearly and spherically, with the same noise",
            operations.Interpolation);
        Write("label-removed", "above, images drawn from a label; below, the same seeds after the label was removed",
            operations.LabelRemoved);
        Write("merged", "a bank of one label, a bank of another, and below both merged", operations.Merged);
        Console.WriteLine($"Done after {clock.Elapsed:m\\:ss}.");

        void Write(string name, string what, Func<IReadOnlyList<RgbImage>> make)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string file = Path.Combine(settings.Output, name + ".png");
            ImageGrid.Save(file, make(), columns: Operations.Columns, scale: Math.Max(1, 64 / model.Model.ImageShape.Width));
            Console.WriteLine($"Wrote {file}: {what}.");
        }
    }

    private static GMemTransformer Train(MLContext ml, Settings settings, CancellationToken cancellationToken)
    {
        IReadOnlyList<ImageFile> files = ImageCollection.Enumerate(settings.Images ?? DrawShapes(settings));
        Console.WriteLine($"Training on {files.Count} images for {settings.Steps} steps.");
        GMemTransformer trained = ProgressView.Show(progress =>
        {
            GMemTrainer.Options options = SmallRecipe.Options(settings.Seed, steps: settings.Steps);
            progress.Follow(options);
            options.CancellationToken = cancellationToken;
            return ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(files));
        });
        trained.Save(Path.Combine(settings.Output, "model.zip"));
        return trained;
    }

    private static string DrawShapes(Settings settings)
    {
        string path = Path.Combine(settings.Output, "shapes.zip");
        ShapesDataSet.Write(path, settings.Seed);
        return path;
    }

    private static IReadOnlyList<RgbImage> ExternalImages(Settings settings) => settings.External.Count > 0
        ? [.. settings.External.Select(ImageReader.ReadFile)]
        : ShapesDataSet.Unseen();
}

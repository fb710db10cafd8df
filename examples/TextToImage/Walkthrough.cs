using System.Diagnostics;
using System.Globalization;
using Examples.Shared;
using GMem.Images;
using GMem.MLNet;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace TextToImage;

/// <summary>From labelled images to a model that draws what a text asks for.</summary>
public static class Walkthrough
{
    private const int ImagesOfAText = 4;
    private const int Scale = 3;

    private static readonly string[] ShapeTexts =
    [
        "a small blue ring", "please paint one big crimson cross", "a tiny green triangle", "some large orange disc",
        "the weather in Paris",
    ];

    public static void Run(Settings settings, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        MLContext ml = new MLContext(settings.Seed).WithWarnings();
        string path = settings.Model ?? Path.Combine(settings.Output, "model.zip");
        Directory.CreateDirectory(settings.Output);
        if (settings.Model is null && !Train(ml, settings, path, cancellationToken))
        {
            Console.WriteLine("Stopped before the generator was trained to its end; nothing was saved.");
            return;
        }

        using TextToImageModel model = TextToImageModel.Load(ml, path, settings.Threshold);
        Console.WriteLine(
            $"Loaded {path}, a model of {model.Labels.Count} labels, after {clock.Elapsed:m\\:ss}. "
                + FormattableString.Invariant($"A text must name one with a probability of at least {model.Threshold:F2}."));
        Draw(model, settings, cancellationToken);
    }

    /// <returns>False where training was stopped.</returns>
    private static bool Train(MLContext ml, Settings settings, string path, CancellationToken cancellationToken)
    {
        IReadOnlyList<ImageFile> files = ImageCollection.Enumerate(settings.Images ?? DrawShapes(settings));
        string[] labels = [.. files.Select(f => f.Label).Where(l => l.Length > 0).Distinct().Order(StringComparer.Ordinal)];
        if (labels.Length < 2)
        {
            throw new ArgumentException($"'{settings.Images}' has {labels.Length} label(s); texts tell at least two apart.");
        }

        IReadOnlyList<Caption> captions = Captions.Of(labels, settings.Seed);
        Console.WriteLine($"Training a classifier on {captions.Count} texts that ask for one of {labels.Length} labels.");
        TransformerChain<ITransformer> classifier = TextClassifier.Fit(ml, captions, settings.Classifier);
        Console.WriteLine($"Training a generator on {files.Count} images for {settings.Steps} steps.");
        using GMemTransformer generator = ProgressView.Show(progress =>
        {
            GMemTrainer.Options options = SmallRecipe.Options(settings.Seed, steps: settings.Steps);
            (options.Progress, options.CancellationToken) = (progress, cancellationToken);
            return ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(files));
        });
        if (!generator.IsPartial)
        {
            TextToImageModel.Save(ml, classifier, generator, path);
        }

        return !generator.IsPartial;
    }

    private static string DrawShapes(Settings settings)
    {
        string path = Path.Combine(settings.Output, "described-shapes.zip");
        ShapesDataSet.Write(path, settings.Seed, isDescribed: true);
        return path;
    }

    private static void Draw(TextToImageModel model, Settings settings, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> texts = settings.Texts.Count > 0 ? settings.Texts
            : model.Labels.Contains("small blue ring") ? ShapeTexts
            : [.. model.Labels.Take(ShapeTexts.Length).Select(label => $"a picture of a {label}")];
        List<RgbImage> drawn = [];
        ArgumentException? refused = null;
        foreach (string text in texts)
        {
            try
            {
                for (int i = 0; i < ImagesOfAText; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    TextImage image = model.Generate(text, settings.Seed + i);
                    using MLImage picture = image.GeneratedImage;
                    drawn.Add(picture.ToRgbImage());
                    if (i == 0)
                    {
                        Console.WriteLine(string.Create(
                            CultureInfo.InvariantCulture,
                            $"'{text}': label '{image.PromptLabel}', first drawn from entry {image.MemoryIndex}, '{image.MemoryLabel}'"));
                    }
                }
            }
            catch (ArgumentException e)
            {
                refused = e;
                Console.WriteLine($"refused: {e.Message}");
            }
        }

        if (drawn.Count == 0)
        {
            throw refused!;
        }

        string grid = Path.Combine(settings.Output, "texts.png");
        ImageGrid.Save(grid, drawn, columns: ImagesOfAText, scale: Scale, padding: 4);
        Console.WriteLine($"Wrote {grid}: a row for each text that was drawn.");
    }
}

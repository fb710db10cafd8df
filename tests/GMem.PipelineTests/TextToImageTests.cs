using GMem.Images;
using GMem.MLNet;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using TextToImage;

namespace GMem.PipelineTests;

/// <summary>The example of text to image, saved, loaded and asked through its prediction engines in texts that it has not seen.</summary>
public sealed class TextToImageTests(Pictures pictures)
{
    private const double LeastRight = 0.9;

    [Fact]
    public void Texts_NotSeenInTraining_AreUnderstoodAndDrawn()
    {
        using WorkingFolder folder = new();
        using TextToImageModel shapes = Train("shapes.zip", Pictures.In(pictures.DescribedShapes), Paraphrases.OfShapes);
        using TextToImageModel classes = Train("classes.zip", Classes(), Paraphrases.OfClasses);

        string[] wrong = [.. Wrong(shapes, Paraphrases.OfShapes), .. Wrong(classes, Paraphrases.OfClasses)];

        int count = Paraphrases.OfShapes.Count + Paraphrases.OfClasses.Count;
        TestContext.Current.TestOutputHelper?.WriteLine($"{wrong.Length} of {count} wrong:\n{string.Join('\n', wrong)}");
        string[] likely = [.. Paraphrases.OfNothing.Select(text => FormattableString.Invariant(
            $"'{text}': {shapes.Classify(text).Probability:F2}, {classes.Classify(text).Probability:F2}"))];
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', likely));
        Assert.Equal(50, count);
        Assert.True(wrong.Length <= (1 - LeastRight) * count, string.Join('\n', wrong));
        Assert.Equal(10, Paraphrases.OfNothing.Count);
        foreach (TextToImageModel model in new[] { shapes, classes })
        {
            Assert.All(Paraphrases.OfNothing, text => Assert.StartsWith(
                $"'{text}' names nothing that was trained on", Assert.Throws<ArgumentException>(() => model.Generate(text, 1)).Message));
        }
    }

    /// <summary>The texts whose label is not found, or is not likely enough; of the others, the picture must be of that label.</summary>
    private static IEnumerable<string> Wrong(TextToImageModel model, IReadOnlyList<(string Text, string Label)> paraphrases)
    {
        foreach ((string text, string label) in paraphrases)
        {
            (string found, float probability) = model.Classify(text);
            if (probability >= model.Threshold)
            {
                TextImage image = model.Generate(text, seed: 5);
                image.GeneratedImage.Dispose();
                Assert.Equal((found, found), (image.PromptLabel, image.MemoryLabel));
                Assert.InRange(image.MemoryIndex, 0, long.MaxValue);
            }

            if (found != label || probability < model.Threshold)
            {
                yield return FormattableString.Invariant($"'{text}': '{found}' ({probability:F2}) instead of '{label}'");
            }
        }
    }

    private static TextToImageModel Train(
        string path, IReadOnlyList<ImageFile> files, IReadOnlyList<(string Text, string Label)> paraphrases)
    {
        MLContext ml = new(seed: 1);
        string[] labels = [.. files.Select(f => f.Label).Distinct().Order(StringComparer.Ordinal)];
        Assert.Empty(paraphrases.Select(p => p.Label).Except(labels));
        IReadOnlyList<Caption> captions = Captions.Of(labels, seed: 1);
        Assert.Empty(captions.Select(c => c.Text).Intersect(paraphrases.Select(p => p.Text), StringComparer.OrdinalIgnoreCase));
        TransformerChain<ITransformer> classifier = TextClassifier.Fit(ml, captions, ClassifierKind.Words);
        using GMemTransformer generator = ml.ImageGeneration.Trainers.GMem(Tiny.Options(steps: 20)).Fit(ml.Data.LoadFromEnumerable(files));
        TextToImageModel.Save(ml, classifier, generator, path);
        return TextToImageModel.Load(new MLContext(), path);
    }

    /// <summary>CIFAR-10's pictures; where they are not present, shapes with the names of its classes.</summary>
    private IReadOnlyList<ImageFile> Classes()
    {
        string[] names = [.. Paraphrases.OfClasses.Select(p => p.Label).Distinct().Order(StringComparer.Ordinal)];
        IReadOnlyList<ImageFile> files = Pictures.In(pictures.Photos);
        return pictures.Photos != pictures.Shapes ? files
            : [.. files.Select((f, i) => new ImageFile { ImagePath = f.ImagePath, Label = names[i % names.Length] })];
    }
}

using GMem.Images;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace GMem.MLNet.Tests.Featurization;

/// <summary>An ML.NET estimator as the encoder of a model.</summary>
public sealed class FeaturizerTests
{
    private const int SourceSide = 16;

    /// <summary>
    /// Images whose left or right edge column is white, two pixels wide of 16: in 8 x 8 pixels little is left of it, at their own
    /// resolution much.
    /// </summary>
    private static readonly RgbImage[] Pictures = [.. Enumerable.Range(0, 24).Select(i => Picture(i, i % 2 == 0))];

    [Fact]
    public void Fit_WithAFeaturizer_MakesSnippetsOfTheImagesAtTheirOwnResolution()
    {
        using GMemTransformer model = Fit(Options(Edges()));

        Assert.Equal(3, model.Memory.Dimension);
        using torch.Tensor all = model.Model.Encode([.. Pictures]);
        for (int i = 0; i < Pictures.Length; i++)
        {
            using torch.Tensor row = all[i];
            Assert.Equal(i, model.Memory.Nearest(row, 1)[0][0].Index);
            Assert.Equal(1, model.Memory.Nearest(row, 1)[0][0].Cosine, 5);
        }

        // What the model itself keeps, 8 x 8 pixels, gives other snippets.
        using torch.Tensor small = model.Model.Encode([CenterCrop.Apply(Pictures[0], TinyTrainer.Options().ImageSize)]);
        using torch.Tensor first = all[0];
        Assert.True(Cosine(small, first) < 0.9999);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Save_AModelWithAFeaturizer_LoadsAndEncodesAlike(bool mlNet)
    {
        using TemporaryFolder folder = new();
        using GMemTransformer model = Fit(Options(Edges()));
        if (mlNet)
        {
            model.Save(folder.File("model.zip"));
        }
        else
        {
            model.Model.Save(folder.File("model.zip"));
        }

        using GMemTransformer loaded = GMemTransformer.Load(folder.File("model.zip"));

        using torch.Tensor expected = model.Model.Encode([.. Pictures]), actual = loaded.Model.Encode([.. Pictures]);
        Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());
        Assert.Equal(model.Model.Encoder!.Fingerprint(), loaded.Model.Encoder!.Fingerprint());
        Assert.Equal(Generate(model), Generate(loaded));
    }

    [Fact]
    public void Fit_Twice_GivesTheSameEncoder()
    {
        using GMemTransformer one = Fit(Options(Edges())), other = Fit(Options(Edges()));

        Assert.Equal(one.Model.Encoder!.Fingerprint(), other.Model.Encoder!.Fingerprint());
        Assert.Equal(Generate(one), Generate(other));
    }

    [Fact]
    public void Fit_WithMirrorImages_MakesTheirSnippetsToo()
    {
        GMemTrainer.Options options = Options(Edges());
        options.Training.HorizontalFlip = true;

        using GMemTransformer model = Fit(options);

        Assert.Equal(Pictures.Length, model.Memory.Count);
    }

    [Fact]
    public void Fit_OfAFeaturizerThatLearns_FitsItToTheImages()
    {
        MLContext ml = new(seed: 1);
        GMemTrainer.Options options = Options(
            Pixels(ml, "Pixels").Append(ml.Transforms.ProjectToPrincipalComponents("Features", "Pixels", rank: 4, seed: 1)));
        options.SnippetDimension = null;

        using GMemTransformer model = Fit(options);

        Assert.Equal(4, model.Memory.Dimension);
        using torch.Tensor snippet = model.Model.Encode([Pictures[5]]);
        Assert.Equal(5, model.Memory.Nearest(snippet, 1)[0][0].Index);
    }

    [Theory]
    [InlineData("Nothing", "makes no column 'Nothing'; it has 'Image', 'Resized', 'Features'")]
    [InlineData("Image", "is Image; expected a vector of Single of known size")]
    public void Fit_OfAColumnThatIsNoVector_SaysSo(string column, string message)
    {
        GMemTrainer.Options options = Options(Edges());
        options.FeaturizerOutputColumnName = column;

        ArgumentException e = Assert.Throws<ArgumentException>(() => Fit(options));

        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_WithFeaturizerAndSnippetColumn_AreRefused()
    {
        GMemTrainer.Options options = Options(Edges());
        options.SnippetColumnName = "Features";

        Assert.Contains(
            "Featurizer and SnippetColumnName are both given", Assert.Throws<ArgumentException>(options.Validate).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_OfImagesThatCannotBeRead_SkipsThem()
    {
        byte[][] bytes = [.. Pictures.Select(PngWriter.Encode)];
        bytes[3] = [1, 2, 3];
        GMemTrainer.Options options = Options(Edges());

        using GMemTransformer model = Views.MLContext.ImageGeneration.Trainers.GMem(options).Fit(View(bytes));

        Assert.Equal(Pictures.Length - 1, model.Memory.Count);
    }

    [Fact]
    public void Encode_ManyThreads_EachGetsItsOwnImages()
    {
        using GMemTransformer model = Fit(Options(Edges()));
        float[][] alone = [.. Pictures.Select(p => Snippet(model, p))];

        float[][] together = new float[240][];
        Parallel.For(0, together.Length, i => together[i] = Snippet(model, Pictures[i % Pictures.Length]));

        Assert.All(Enumerable.Range(0, together.Length), i => Assert.Equal(alone[i % Pictures.Length], together[i]));
    }

    [Fact]
    public void Resume_WithTheSameFeaturizer_GoesOn()
    {
        using TemporaryFolder folder = new();
        GMemTrainer.Options options = Options(Edges());
        options.WorkspacePath = folder.File("run");
        options.Training.Seed = 5;
        Fit(options).Dispose();
        options = Options(Edges());
        options.WorkspacePath = folder.File("run");
        options.Training.Seed = 5;
        options.Training.TotalSteps *= 2;

        using GMemTransformer model = Fit(options);

        Assert.Equal(options.Training.TotalSteps, model.TrainedSteps);
    }

    [Fact]
    public void Features_OfAFeaturizer_AreItsVectors()
    {
        ITransformer fitted = Edges().Fit(FeaturizerFeatures.NoImages());
        using FeaturizerFeatures features = new(fitted, "edges");
        using torch.Tensor images = ImageTensors.ToTensor([Pictures[0], Pictures[1]]), found = features.Extract(images);

        Assert.Equal([2, features.Dimension], found.shape);
        Assert.Equal(Pictures[0].Pixels[0], found[0, 0].item<float>());
    }

    /// <summary>A column of snippets upstream is read from prompts too, by the name that it had in training.</summary>
    [Fact]
    public void Transform_OfRowsWithTheSnippetColumnOfTraining_UsesIt()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.SnippetColumnName = nameof(TrainingRow.Features);
        using GMemTransformer model = TinyTrainer.Fit(options: options);
        using TemporaryFolder folder = new();
        model.Save(folder.File("model.zip"));
        using GMemTransformer loaded = GMemTransformer.Load(folder.File("model.zip"));

        IDataView images = loaded.Transform(Views.Of(TinyTrainer.Rows[7], TinyTrainer.Rows[2]));

        Assert.Equal([-1L, -1L], images.Values<long>("MemoryIndex"));
        Assert.All(images.Values<float>("MemoryCosine"), cosine => Assert.Equal(1, cosine, 5));
    }

    [Fact]
    public void Transform_OfARowWhosePictureWouldBeIgnored_SaysSo()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.SnippetColumnName = nameof(TrainingRow.Features);
        using GMemTransformer model = TinyTrainer.Fit(options: options);
        IDataView picture = Views.Of(new PictureRow { Bytes = TinyTrainer.Rows[0].Bytes }), none = Views.Of(new PictureRow());

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => model.Transform(picture).Pixels());

        Assert.StartsWith("Row 0 (counted from 0): column 'Bytes' has a picture, which would be ignored", e.Message,
            StringComparison.Ordinal);
        Assert.Single(model.Transform(none).Pixels());

        // A column of the other prompts is no excuse, unless the row has a snippet in it.
        IDataView empty = Views.Of(new PictureAndSnippetRow { Bytes = TinyTrainer.Rows[0].Bytes });
        Assert.Contains(
            "would be ignored", Assert.Throws<InvalidDataException>(() => model.Transform(empty).Pixels()).Message,
            StringComparison.Ordinal);
        Assert.Single(model.Transform(
            Views.Of(new PictureAndSnippetRow { Bytes = TinyTrainer.Rows[0].Bytes, Snippet = [1, 2, 3] })).Pixels());
    }

    /// <summary>What a pipeline makes of no picture is no snippet, whatever numbers it has.</summary>
    [Fact]
    public void Transform_OfARowWithoutAPicture_IgnoresTheSnippetThatWasMadeOfNothing()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.SnippetColumnName = nameof(TrainingRow.Features);
        using GMemTransformer model = TinyTrainer.Fit(options: options);
        TrainingRow ofNothing = new() { Bytes = [], Features = [3, -1, 2] }, ofAPicture = TinyTrainer.Rows[4];

        IDataView images = model.Transform(Views.Of(ofNothing, ofAPicture));

        List<long> entries = images.Values<long>("MemoryIndex");
        Assert.True(entries[0] >= 0, "the seed picks an entry");
        Assert.Equal(-1, entries[1]);
    }

    [Fact]
    public void Transform_OfARowWithASnippetOfTrainingAndALabel_ExcludesOneOfThem()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.SnippetColumnName = nameof(TrainingRow.Features);
        using GMemTransformer model = TinyTrainer.Fit(options: options);

        InvalidDataException e = Assert.Throws<InvalidDataException>(
            () => model.Transform(Views.Of(new BothRow { Features = [1, 2, 3], MemoryIndex = 4 })).Pixels());

        Assert.Contains("column 'Features', the snippets of this pipeline, has 3 entries", e.Message, StringComparison.Ordinal);
    }

    private static string Generate(GMemTransformer model) => Convert.ToHexString(
        model.Transform(Views.Of(new PromptRow { Seed = 3 })).Pixels()[0]);

    private static float[] Snippet(GMemTransformer model, RgbImage picture)
    {
        using torch.Tensor snippet = model.Model.Encode([picture]);
        return [.. snippet.data<float>()];
    }

    private static double Cosine(torch.Tensor a, torch.Tensor b)
    {
        using torch.Tensor product = (a.flatten() * b.flatten()).sum();
        return product.item<float>();
    }

    private static GMemTransformer Fit(GMemTrainer.Options options) =>
        new MLContext(seed: 1).ImageGeneration.Trainers.GMem(options).Fit(View([.. Pictures.Select(PngWriter.Encode)]));

    private static IDataView View(byte[][] files) => Views.Of([.. files.Select(f => new PictureRow { Bytes = f })]);

    private static GMemTrainer.Options Options(IEstimator<ITransformer> featurizer)
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Featurizer = featurizer;
        options.SnippetDimension = 3;
        return options;
    }

    /// <summary>The pixels themselves, of the image as it comes.</summary>
    private static IEstimator<ITransformer> Edges()
    {
        MLContext ml = new(seed: 1);
        return Pixels(ml, "Features");
    }

    private static EstimatorChain<ImagePixelExtractingTransformer> Pixels(MLContext ml, string output) =>
        ml.Transforms.ResizeImages("Resized", SourceSide, SourceSide, "Image").Append(ml.Transforms.ExtractPixels(output, "Resized"));

    private static RgbImage Picture(int number, bool left)
    {
        byte[] pixels = new byte[SourceSide * SourceSide * ImageShape.Rgb];
        new Random(number).NextBytes(pixels);
        for (int y = 0; y < SourceSide; y++)
        {
            pixels.AsSpan(((y * SourceSide) + (left ? 0 : SourceSide - 2)) * ImageShape.Rgb, 2 * ImageShape.Rgb).Fill(255);
        }

        return new RgbImage(SourceSide, SourceSide, pixels);
    }

    private sealed class PictureRow
    {
        public byte[] Bytes { get; set; } = [];
    }

    private sealed class PictureAndSnippetRow
    {
        public byte[] Bytes { get; set; } = [];

        public float[] Snippet { get; set; } = [];
    }

    private sealed class BothRow
    {
        [VectorType(3)]
        public float[] Features { get; set; } = [];

        public long MemoryIndex { get; set; }
    }
}

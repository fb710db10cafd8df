using GMem.Autoencoders;
using GMem.Evaluation;
using GMem.Images;
using GMem.Latents;
using GMem.MLNet.Persistence;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace GMem.MLNet.Tests;

/// <summary>Rectangles, grey and alpha as ML.NET's pipelines see them.</summary>
public sealed class ImageShapeTests
{
    private static readonly ImageGenerationCatalog Catalog = Views.MLContext.ImageGeneration;

    public static TheoryData<int, int, int, string?> Shapes => new()
    {
        { 32, 48, 1, null }, { 24, 32, 4, null }, { 24, 32, 4, "workspace" }, { 8, 20, 3, null },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void FitTransformSaveLoad_OfAShape_GivesTheSameImagesOfIt(int height, int width, int channels, string? workspace)
    {
        using TemporaryFolder folder = new();
        ImageShape shape = new(height, width, channels);
        IDataView images = Views.Of([.. Pictures(shape).Select(p => new TrainingRow { Bytes = PngWriter.Encode(p) })]);
        GMemTrainer.Options options = Options(shape);
        options.WorkspacePath = workspace is null ? null : folder.File(workspace);
        MLContext ml = new(seed: 1);
        GMemTrainer trainer = ml.ImageGeneration.Trainers.GMem(options);
        using GMemTransformer model = trainer.Fit(images);
        Assert.Equal(shape, model.Model.ImageShape);

        IDataView prompts = Views.Of(new PromptRow { Seed = 1 }, new PromptRow { Seed = 2, MemoryIndex = 3 });
        IDataView generated = model.Transform(prompts);
        ImageDataViewType type = Assert.IsType<ImageDataViewType>(generated.Schema["GeneratedImage"].Type);
        Assert.Equal((height, width), (type.Height, type.Width));
        Assert.Equal(
            type, trainer.GetOutputSchema(SchemaShapes.Of(images.Schema)).First(c => c.Name == "GeneratedImage").ItemType);

        ml.Model.Save(model, images.Schema, folder.File("model.zip"));
        using GMemTransformer loaded = (GMemTransformer)ml.Model.Load(folder.File("model.zip"), out _);
        Assert.Equal(generated.Pixels(), loaded.Transform(prompts).Pixels());
        Assert.Equal(shape, loaded.Model.ImageShape);

        GeneratedImage expected = loaded.Model.Generate([new GenerationRequest(1)])[0];
        GeneratedImageRow row = ml.Data.CreateEnumerable<GeneratedImageRow>(loaded.Transform(prompts), reuseRowObject: false).First();
        using (row.GeneratedImage)
        {
            Assert.Equal((width, height), (row.GeneratedImage.Width, row.GeneratedImage.Height));
            AssertAlike(expected.Image, row.GeneratedImage.ToRgbImage(channels));
        }
    }

    /// <summary>An MLImage holds colours times alpha: what is opaque comes back as it was, the rest to within that rounding.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void ToMLImage_ThereAndBack_KeepsThePicture(int channels)
    {
        byte[] rgba = [.. TestImages.Pattern(16, 16).ToChannels(4).Pixels.Select((v, i) => i % 4 == 3 ? (byte)(255 - (i / 4 % 250)) : v)];
        RgbImage picture = new RgbImage(16, 16, rgba, 4).ToChannels(channels);
        using MLImage image = picture.ToMLImage();
        AssertAlike(picture, image.ToRgbImage(channels));
        AssertAlike(picture.ToChannels(3), image.ToRgbImage(), tolerance: 2);
        RgbImage opaque = TestImages.Pattern(5, 4);
        using MLImage same = opaque.ToChannels(4).ToMLImage();
        Assert.Equal(opaque.Pixels, same.ToRgbImage(4).ToChannels(3).Pixels);
        Assert.Throws<ArgumentOutOfRangeException>(() => image.ToRgbImage(2));
    }

    [Fact]
    public void Fit_OnMLImagesWithAlpha_TrainsOnTheirAlpha()
    {
        ImageShape shape = new(8, 12, 4);
        RgbImage[] pictures = [.. Pictures(shape).Select(p => new RgbImage(p.Width, p.Height, [.. p.Pixels.Select(
            (v, i) => i % 4 == 3 ? (byte)(i < 200 ? 0 : 255) : i < 200 ? (byte)0 : v)], 4))];
        using GMemTransformer fromImages = Fit(shape, nameof(Row.Picture), pictures), fromFiles = Fit(shape, nameof(Row.File), pictures);
        Assert.Equal(Generate(fromFiles), Generate(fromImages));
        static byte[] Generate(GMemTransformer model) => model.Model.Generate([new GenerationRequest(4)])[0].Image.Pixels;
    }

    /// <summary>A featurizer sees each image at its own resolution, with the aspect ratio of the model; so do prompts.</summary>
    [Theory]
    [InlineData(1, ImageFit.Crop)]
    [InlineData(3, ImageFit.Pad)]
    [InlineData(4, ImageFit.Crop)]
    public void Encode_WithAFeaturizer_IsTheSnippetOfTheTrainingImage(int channels, ImageFit fit)
    {
        ImageShape shape = new(8, 12, channels) { Fit = fit };
        RgbImage[] pictures = [.. Pictures(new ImageShape(40, 44, 4))];
        GMemTrainer.Options options = Options(shape);
        options.SnippetDimension = null;
        options.Featurizer = Views.MLContext.Transforms.ResizeImages("Small", 6, 4, "Image", ImageResizingEstimator.ResizingKind.Fill)
            .Append(Views.MLContext.Transforms.ExtractPixels("Features", "Small"));
        options.ImageColumnName = nameof(Row.File);
        using GMemTransformer model = Views.MLContext.ImageGeneration.Trainers.GMem(options).Fit(Rows(pictures));
        for (int i = 0; i < 3; i++)
        {
            using torch.Tensor snippet = model.Model.Encode(pictures[i]), rows = model.Memory.Rows([i]);
            Assert.Equal(rows.data<float>().ToArray(), snippet.data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        }

        IDataView prompts = Views.Of(new ImagePrompt { Seed = 1, PromptImage = PngWriter.Encode(pictures[2]) });
        GeneratedImageRow row = Views.MLContext.Data.CreateEnumerable<GeneratedImageRow>(model.Transform(prompts), false).Single();
        Assert.Equal(1, row.MemoryCosine, 1e-4);
        row.GeneratedImage.Dispose();
    }

    /// <summary>Of a grey model, real images are compared as grey: those that were made grey are then no different.</summary>
    [Fact]
    public void Evaluate_OfGreyRectangles_ComparesGrey()
    {
        RgbImage[] pictures = [.. Pictures(new ImageShape(8, 12))];
        EvaluationOptions grey = new() { Neighbours = [3], KernelSubsets = 3, ImageChannels = 1 };
        EvaluationOptions colour = new() { Neighbours = [3], KernelSubsets = 3 };
        using RandomConvolutionFeatures features = new(32);
        double InGrey(EvaluationOptions options) => Catalog.Evaluate(
            Rows(pictures), Rows([.. pictures.Select(p => p.ToChannels(1))]), nameof(Row.File), nameof(Row.File), features, options)
            .FrechetDistance;
        Assert.Equal(0, InGrey(grey), 1e-6);
        Assert.True(InGrey(colour) > 1e-3);

        // The whole rectangle counts: what is different outside of the square in its middle is seen.
        RgbImage[] edged = [.. pictures.Select(p => new RgbImage(12, 8, [.. p.Pixels.Select((v, i) => i / 3 % 12 == 0 ? (byte)255 : v)]))];
        Assert.True(Catalog.Evaluate(
            Rows(pictures), Rows(edged), nameof(Row.File), nameof(Row.File), features, colour).FrechetDistance > 1e-3);
        using FeatureStatistics statistics = Catalog.ComputeStatistics(
            Rows(pictures), new ImageShape(8, 12, 1), nameof(Row.File), features);
        Assert.Equal(0, Catalog.Evaluate(
            statistics, Rows([.. pictures.Select(p => p.ToChannels(1))]), nameof(Row.File), features, grey).FrechetDistance, 1e-6);
        Assert.Contains("ImageChannels is 4 but must be 1 (grey) or 3 (RGB)", Assert.Throws<ArgumentException>(
            () => InGrey(new EvaluationOptions { ImageChannels = 4 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_ShapesThatCannotBe_NamesEachFault()
    {
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        GMemTrainer.Options options = TinyTrainer.Options();
        (options.ImageHeight, options.ImageWidth, options.ImageChannels, options.ImageFit) = (7, 0, 2, (ImageFit)5);
        Assert.Contains(
            "ImageHeight is 7, which is not divisible by Network.PatchSize 2; choose a multiple of it, or another patch size. ImageWidth "
                + "is 0, it must be from 1 to 16384. ImageChannels is 2, it must be 1 (grey), 3 (RGB) or 4 (RGBA). ImageFit is 5, it "
                + "must be Crop or Pad.",
            Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        options = TinyTrainer.Options();
        (options.ImageChannels, options.Autoencoder) = (1, autoencoder);
        Assert.Contains(
            "ImageChannels is 1, but the autoencoder 'kl' is for images of 3 channels.",
            Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        options = TinyTrainer.Options();
        (options.ImageSize, options.ImageHeight, options.ImageWidth) = (7, 8, 10);
        options.Validate();
        Assert.Equal(new ImageShape(8, 10), options.ImageShape);
    }

    private static void AssertAlike(RgbImage expected, RgbImage actual, int tolerance = 0)
    {
        Assert.Equal((expected.Width, expected.Height, expected.Channels), (actual.Width, actual.Height, actual.Channels));
        for (int i = 0; i < expected.Pixels.Length; i++)
        {
            int alpha = expected.Channels == 4 ? expected.Pixels[i | 3] : 255;
            bool isExact = alpha == 255 || (expected.Channels == 4 && i % 4 == 3);
            int allowed = alpha == 0 ? 255 : isExact ? tolerance : tolerance + (128 / alpha) + 1;
            Assert.InRange(Math.Abs(expected.Pixels[i] - actual.Pixels[i]), 0, allowed);
        }
    }

    private static GMemTrainer.Options Options(ImageShape shape)
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.Training.TotalSteps = 2;
        (options.ImageHeight, options.ImageWidth) = (shape.Height, shape.Width);
        (options.ImageChannels, options.ImageFit) = (shape.Channels, shape.Fit);
        return options;
    }

    private static GMemTransformer Fit(ImageShape shape, string column, RgbImage[] pictures)
    {
        GMemTrainer.Options options = Options(shape);
        options.ImageColumnName = column;
        return new MLContext(seed: 1).ImageGeneration.Trainers.GMem(options).Fit(Rows(pictures));
    }

    private static IDataView Rows(RgbImage[] pictures) => Views.Of(
        [.. pictures.Select(p => new Row { File = PngWriter.Encode(p), Picture = p.ToMLImage() })]);

    private static IReadOnlyList<RgbImage> Pictures(ImageShape shape)
    {
        using TrainingImages images = TinyModel.Images(size: shape);
        return ImageTensors.FromTensor(images.Pixels);
    }

    private sealed class Row
    {
        public byte[] File { get; set; } = [];

        [ImageType(8, 12)]
        public MLImage Picture { get; set; } = null!;
    }

    private sealed class ImagePrompt
    {
        public long Seed { get; set; }

        public byte[] PromptImage { get; set; } = [];
    }
}

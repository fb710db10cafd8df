using System.Text;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Encoders.DinoV2;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Models of rectangles, of grey and of alpha, from pixels to files and back.</summary>
public sealed class ImageShapeModelTests
{
    private static readonly GenerationRequest[] Requests = [new(1), new(2, 7)];

    public static TheoryData<int, int, int> Shapes => new() { { 32, 48, 1 }, { 24, 32, 4 }, { 12, 8, 3 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Fit_SavedLoadedAndGenerated_IsAPngOfTheShape(int height, int width, int channels)
    {
        ImageShape shape = new(height, width, channels);
        using TemporaryFolder folder = new();
        byte[][] before;
        using (GMemModel model = Train(shape))
        {
            Assert.Equal(shape, model.ImageShape);
            before = TinyModel.Generate(model, Requests);
            model.Save(folder.File("model.zip"));
        }

        using GMemModel loaded = GMemModel.Load(folder.File("model.zip"));
        Assert.Equal(shape, loaded.ImageShape);
        Assert.Equal(before, TinyModel.Generate(loaded, Requests));
        GeneratedImage image = loaded.Generate(Requests)[1];
        PngWriter.Write(folder.File("image.png"), image.Image);
        RgbImage written = ImageReader.ReadWhole(folder.File("image.png"), channels);
        Assert.Equal((width, height, channels), (written.Width, written.Height, written.Channels));
        Assert.Equal(image.Image.Pixels, written.Pixels);
        Assert.Equal(channels switch { 1 => 0, 3 => 2, _ => 6 }, File.ReadAllBytes(folder.File("image.png"))[25]);
    }

    /// <summary>Everything that is said of a square in RGB is said as before; of others, the shape.</summary>
    [Fact]
    public void Save_OfASquareInRgb_SaysNothingNew()
    {
        string square = Json(8), other = Json(new ImageShape(8, 12, 1) { Fit = ImageFit.Pad });
        Assert.Contains("\"imageSize\": 8", square, StringComparison.Ordinal);
        Assert.Contains("\"configuration\": {}", square, StringComparison.Ordinal);
        Assert.All(["imageShape", "inputHeight", "inputWidth"], n => Assert.DoesNotContain(n, square, StringComparison.Ordinal));
        Assert.DoesNotContain("imageSize", other, StringComparison.Ordinal);
        Assert.All(
            ["\"imageShape\": {", "\"fit\": \"Pad\"", "\"inputHeight\": 8", "\"inputWidth\": 12"],
            n => Assert.Contains(n, other, StringComparison.Ordinal));

        static string Json(ImageShape shape)
        {
            using GMemModel model = Train(shape);
            MemoryArchive archive = new();
            model.Save(archive);
            using GMemModel again = GMemModel.Load(archive, torch.CPU);
            Assert.Equal(shape, again.ImageShape);
            return Encoding.UTF8.GetString(archive.Entries["model.json"]);
        }
    }

    [Fact]
    public void Generate_Guided_Stochastic_CentredAndTurned_AsSquaresDo()
    {
        ImageShape shape = new(8, 12, 4);
        GMemOptions options = TinyModel.Options(steps: 3);
        options.Network = options.Network.WithLightningBlocks() with { UseQkNorm = true };
        (options.Training.Source, options.Training.HorizontalFlip) = (new CentredSource(), true);
        using GMemModel trained = Train(shape, options);
        Assert.Equal([12, 4, 8, 12], trained.Core.Source!.Shape);
        MemoryArchive archive = new();
        trained.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(TinyModel.Generate(trained, Requests), TinyModel.Generate(loaded, Requests));
        Sampling(new SamplingOptions { Steps = 3, GuidanceScale = 2 });
        options.Training.Source = null;
        using GMemModel plain = Train(shape, options);
        foreach (SamplingOptions sampling in new SamplingOptions[]
            { new() { Steps = 4, Kind = SamplerKind.Sde }, new() { OdeMethod = OdeMethod.Dopri5, GuidanceScale = 1.5 } })
        {
            using GMemModel model = plain.WithSampling(sampling);
            byte[][] together = TinyModel.Generate(model, Requests);
            Assert.All(Requests.Index(), r => Assert.Equal(together[r.Index], TinyModel.Generate(model, r.Item)[0]));
            Assert.All(together, image => Assert.Equal(8 * 12 * 4, image.Length));
        }

        void Sampling(SamplingOptions sampling)
        {
            using GMemModel model = trained.WithSampling(sampling);
            Assert.NotEqual(TinyModel.Generate(trained, Requests), TinyModel.Generate(model, Requests));
        }
    }

    /// <summary>Latents, patch tokens of the projection loss and labels of rectangles, in files of a workspace.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_LatentsAndTokensOfARectangle_AreOnItsGrid(bool squeeze)
    {
        using TemporaryFolder folder = new();
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(
            new DinoV2Options { EmbedDim = TinyEncoders.TokenWidth, Depth = 1, Heads = 2, MlpRatio = 2, SqueezeToSquare = squeeze }, 2);
        GMemOptions options = TinyModel.Options(steps: 2);
        options.Network = options.Network with { ProjectionSize = TinyEncoders.TokenWidth, ProjectorDepth = 1 };
        (options.Autoencoder, options.Encoder, options.WorkspacePath) = (autoencoder, encoder, folder.Path);
        using GMemModel model = Train(new ImageShape(12, 20), options);
        Assert.Equal([4, 6, 10], model.Core.Network.Options.InputShape);
        Assert.Equal(12 * 20 * 3, TinyModel.Generate(model, new GenerationRequest(1))[0].Length);

        using LatentDataSet latents = LatentDataSet.Open(Directory.GetDirectories(folder.File("latents")).Single());
        Assert.True(latents is { Channels: 4, Height: 6, Width: 10, Count: 24 });
        options.WorkspacePath = null;
        using GMemModel again = GMemModel.Fit(latents, options, torch.CPU);
        Assert.Equal(new ImageShape(12, 20), again.ImageShape);
        options.Network = options.Network with { PatchSize = 4 };
        Assert.Contains("The latents have 10 x 6 cells, which is not divisible by Network.PatchSize 4", Assert.Throws<ArgumentException>(
            () => GMemModel.Fit(latents, options, torch.CPU)).Message, StringComparison.Ordinal);
    }

    /// <summary>The tokens of a 12 x 20 image are on a grid of 16 rows and 27 columns, averaged to the network's.</summary>
    [Fact]
    public void Encode_TokensOfARectangle_AreAveragedInTheirPlaces()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TrainingImages images = TinyModel.Images(2, new ImageShape(12, 24));
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        using EncodedRows rows = LatentCache.Encode(
            images.Rows, new ImageEncoding(null, encoder, (2, 4), mirror: false), null, null, CancellationToken.None);
        (_, torch.Tensor fine) = encoder.EncodeWithPatches(images.Pixels);
        torch.Tensor expected = fine.reshape(2, 16, 32, -1).narrow(1, 8, 8).narrow(2, 8, 8).mean([1, 2]);
        ReferenceFolder.Close(rows["tokens"].Range(0, 2)[.., 5], expected, 2e-3, 1e-3, "token 5 of the 2 x 4 grid");
        Assert.Contains("the network has 20 x 4 tokens", Assert.Throws<ArgumentException>(() => LatentCache.Encode(
            images.Rows, new ImageEncoding(null, encoder, (20, 4), false), null, null, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    /// <summary>Encoders see RGB: grey repeated, alpha over white. A prompt is converted as the training images were.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Encode_OfOtherChannels_IsTheSnippetOfTheImageInRgb(int channels)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        ImageShape shape = new(8, 12, channels);
        using TrainingImages images = TinyModel.Images(size: shape);
        using GMemModel model = Train(shape);
        IReadOnlyList<RgbImage> pictures = ImageTensors.FromTensor(images.Pixels);
        torch.Tensor rgb = ImageTensors.ToTensor([.. pictures.Select(p => p.ToChannels(3))]);
        Assert.Equal(model.Encoder!.Encode(rgb), model.Encode(pictures));
        ReferenceFolder.Close(model.Memory.Rows([.. Enumerable.Range(0, 24).Select(i => (long)i)]), model.Encode(pictures), 1e-6, 0, "bank");
        Assert.Equal(model.Encode(pictures[0]), model.Encode(channels == 1 ? pictures[0].ToChannels(4) : pictures[0]));
        using TemporaryFolder folder = new();
        PngWriter.Write(folder.File("prompt.png"), pictures[3]);
        Assert.Equal(model.Encode(pictures[3]), model.EncodeFiles(folder.File("prompt.png")));
        Assert.Equal(
            TinyModel.Generate(model, new GenerationRequest(1, PromptImage: pictures[3])),
            TinyModel.Generate(model, new GenerationRequest(1, Snippet: model.Encode(pictures[3]).data<float>().ToArray())));
    }

    [Fact]
    public void Fit_ImagesInFilesOfAWorkspace_SameBitsAsInMemory()
    {
        using TemporaryFolder folder = new();
        ImageShape shape = new(8, 12, 4) { Fit = ImageFit.Pad };
        using TrainingImages images = TinyModel.Images(size: shape);
        using TrainingImageFiles files = new(folder.Path, shape);
        foreach (RgbImage image in ImageTensors.FromTensor(images.Pixels))
        {
            files.Add(image);
        }

        using TrainingImages inFiles = files.Finish();
        using GMemModel one = GMemModel.Fit(images, TinyModel.Options(2), torch.CPU), two = GMemModel.Fit(
            inFiles, TinyModel.Options(2), torch.CPU);
        Assert.Equal(TinyModel.Generate(one, Requests), TinyModel.Generate(two, Requests));
        Assert.Equal((shape, shape), (one.ImageShape, two.ImageShape));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingImageFiles(folder.Path, new ImageShape(8, 8, 2)));
    }

    [Fact]
    public void Fit_WhatDoesNotFitTogether_IsRefusedByName()
    {
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        using GMemModel square = Train(8);
        GMemOptions latent = TinyModel.Options(), fine = TinyModel.Options();
        (latent.Autoencoder, fine.InitialModel) = (autoencoder, square);
        Check(new ImageShape(8, 8, 1), latent, "The images have 1 channels, but the autoencoder 'kl' is for images of 3");
        Check(new ImageShape(8, 8, 4), fine, "The images have 4 channels, but the autoencoder 'pixels' is for images of 3");
        Check(new ImageShape(8, 12), fine, "InitialModel: the side of its input is 8, it must be 12 x 8, as these data have.");
        Check(new ImageShape(8, 9), TinyModel.Options(), "The image size 9 x 8 is not divisible by the patch of 2 pixels");
        Check(new ImageShape(8, 8, 2), TinyModel.Options(), "with 1, 3 or 4 channels; these are Byte [24, 2, 8, 8]");
        Assert.Contains("the autoencoder 'kl' is for images of 3", Assert.Throws<ArgumentException>(
            () => GMemModel.CheckMemory(latent, new ImageShape(8, 8, 1), torch.CPU)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => GMemModel.CheckMemory(TinyModel.Options(), new ImageShape(8, 8, 5), torch.CPU));
        Assert.True(GMemModel.CheckMemory(TinyModel.Options(), new ImageShape(8, 12, 1), torch.CPU).Network > 0);
        Assert.NotNull(GMemModel.MeasureStep(TinyModel.Options(), new ImageShape(8, 12, 1), torch.CPU));

        static void Check(ImageShape shape, GMemOptions options, string part)
        {
            using TrainingImages images = TinyModel.Images(size: shape);
            Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(
                () => GMemModel.Fit(images, options, torch.CPU)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\"channels\": 1", "\"channels\": 3")]
    [InlineData("\"channels\": 1", "\"channels\": 2")]
    [InlineData("\"width\": 12", "\"width\": 8")]
    [InlineData("\"height\": 8", "\"height\": -8")]
    [InlineData("\"inputWidth\": 12", "\"inputWidth\": 2000000000")]
    [InlineData("\"inputHeight\": 8", "\"inputHeight\": 12")]
    [InlineData("\"fit\": \"Crop\"", "\"fit\": 7")]
    [InlineData("\"imageShape\": {", "\"imageSize\": 8, \"was\": {")]
    public void Load_AShapeThatDoesNotFit_IsInvalidData(string was, string becomes)
    {
        using GMemModel model = Train(new ImageShape(8, 12, 1));
        MemoryArchive archive = new();
        model.Save(archive);
        string json = Encoding.UTF8.GetString(archive.Entries["model.json"]);
        Assert.Contains(was, json, StringComparison.Ordinal);
        archive.Entries["model.json"] = Encoding.UTF8.GetBytes(json.Replace(was, becomes, StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
    }

    /// <summary>Weights do not say the shape of a rectangle, nor whether four channels are pixels; the options do.</summary>
    [Fact]
    public void FromCheckpoint_OfARectangleWithAlpha_NeedsTheShape()
    {
        using TemporaryFolder folder = new();
        ImageShape shape = new(8, 12, 4);
        using GMemModel model = Train(shape);
        string path = folder.File("export.safetensors");
        model.ExportCheckpoint(path);
        CheckpointOptions options = new() { HeadCount = 2, Sampling = model.Sampling, ImageShape = shape };
        using GMemModel again = GMemModel.FromCheckpoint(path, model.Memory, options);
        Assert.Equal(shape, again.ImageShape);
        Assert.InRange(TinyModel.Generate(model, Requests).SelectMany(b => b).Zip(
            TinyModel.Generate(again, Requests).SelectMany(b => b), (a, b) => Math.Abs(a - b)).Max(), 0, 1);
        Refused<InvalidDataException>(null, "'pos_embed' has 24 positions, which are no square (set ImageShape)");
        Refused<InvalidDataException>(new ImageShape(8, 8, 4), "which are not those of an input of 8 x 8");
        Refused<ArgumentException>(new ImageShape(8, 12), "makes latents of 4 channels, not images; set Autoencoder");
        Refused<ArgumentException>(new ImageShape(8, 12, 2), "ImageShape is 12 x 8 pixels, 2 channels, it must be a shape of images");

        void Refused<T>(ImageShape? given, string part)
            where T : Exception
        {
            options.ImageShape = given;
            Assert.Contains(part, Assert.Throws<T>(
                () => GMemModel.FromCheckpoint(path, model.Memory, options)).Message, StringComparison.Ordinal);
        }
    }

    private static GMemModel Train(ImageShape shape, GMemOptions? options = null)
    {
        using TrainingImages images = TinyModel.Images(size: shape);
        return GMemModel.Fit(images, options ?? TinyModel.Options(steps: 2), torch.CPU);
    }
}

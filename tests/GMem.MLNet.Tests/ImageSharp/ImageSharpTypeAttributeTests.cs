using GMem.Images;
using GMem.ImageSharp;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.MLNet.Tests.ImageSharp;

/// <summary>Rows that hold ImageSharp images, in training and as prompts.</summary>
public sealed class ImageSharpTypeAttributeTests
{
    private static Photo[] Photos => [.. TinyTrainer.Rows.Select(
        row => new Photo { Picture = ImageReader.Decode(row.Bytes, "row").ToImageSharp() })];

    [Fact]
    public void Fit_OnImageSharpImages_GivesTheModelOfTheirFiles()
    {
        MLContext context = new(seed: 1);
        GMemTrainer.Options options = TinyTrainer.Options();
        options.ImageColumnName = nameof(Photo.Picture);
        using GMemTransformer model = context.ImageGeneration.Trainers.GMem(options).Fit(Views.Of(Photos));
        IDataView prompts = Views.Of(TinyTrainer.Prompts());
        Assert.Equal(TinyTrainer.Model.Transform(prompts).Pixels(), model.Transform(prompts).Pixels());
    }

    [Fact]
    public void Transform_PromptImagesOfImageSharp_AreTakenAndNullIsNone()
    {
        Photo[] photos = Photos;
        IDataView prompts = Views.Of(
            new PhotoPrompt { Seed = 3, PromptImage = photos[5].Picture }, new PhotoPrompt { Seed = 3 });
        IDataView expected = Views.Of(new PromptRow { Seed = 3, MemoryIndex = 5 }, new PromptRow { Seed = 3 });
        Assert.Equal(TinyTrainer.Model.Transform(expected).Pixels(), TinyTrainer.Model.Transform(prompts).Pixels());
        Assert.Equal(1, TinyTrainer.Model.Transform(prompts).Values<float>("MemoryCosine")[0], 1e-6f);
    }

    [Fact]
    public void PredictionEngine_PromptImageOfImageSharp_IsTaken()
    {
        using GMemTransformer own = TinyTrainer.Model.WithGeneration(TinyTrainer.Model.Generation);
        using PredictionEngine<PhotoPrompt, GeneratedImageRow> engine =
            new MLContext().Model.CreatePredictionEngine<PhotoPrompt, GeneratedImageRow>(own);
        GeneratedImageRow row = engine.Predict(new PhotoPrompt { Seed = 3, PromptImage = Photos[5].Picture });
        using Image<Rgb24> drawn = row.GeneratedImage.ToImageSharp();
        row.GeneratedImage.Dispose();
        GeneratedImage expected = TinyTrainer.Model.Model.Generate([new(3, MemoryIndex: 5)])[0];
        Assert.Equal(expected.Image.Pixels, drawn.ToRgbImage().Pixels);
    }

    /// <summary>ML.NET leaves a column of images out of a schema that it saves, and refuses a schema of nothing else.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Save_WithOrWithoutTheSchema_LoadsAndTakesThemAgain(bool schema)
    {
        using TemporaryFolder folder = new();
        MLContext context = new(seed: 1);
        context.Model.Save(TinyTrainer.Model, schema ? Views.Of(new PhotoPrompt()).Schema : null, folder.File("model.zip"));
        ITransformer loaded = context.Model.Load(folder.File("model.zip"), out _);
        IDataView prompts = Views.Of(new PhotoPrompt { Seed = 3, PromptImage = Photos[5].Picture });
        Assert.Equal(TinyTrainer.Model.Transform(prompts).Pixels(), loaded.Transform(prompts).Pixels());
        ((IDisposable)loaded).Dispose();
    }

    [Fact]
    public void Type_IsEqualToItself()
    {
        Assert.Equal(new ImageSharpDataViewType(), Views.Of(Photos).Schema["Picture"].Type);
        Assert.Equal(new ImageSharpTypeAttribute(), new ImageSharpTypeAttribute());
    }

    private sealed class Photo
    {
        [ImageSharpType]
        public Image<Rgb24>? Picture { get; set; }
    }

    private sealed class PhotoPrompt
    {
        public long Seed { get; set; }

        [ImageSharpType]
        public Image<Rgb24>? PromptImage { get; set; }
    }
}

using GMem.Backbone;
using GMem.Encoders;
using GMem.Latents;
using GMem.Memory;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Networks without snippets, the projection loss, and training that goes on from a model.</summary>
public sealed class BaselineTests
{
    [Fact]
    public void Fit_OnLabels_GeneratesByLabelAndIsSaved()
    {
        using GMemModel model = TrainOnLabels();
        IReadOnlyList<GeneratedImage> images = model.Generate(
            [new(1, PromptLabel: "blue"), new(2, PromptLabel: "blue"), new(1, PromptLabel: "green"), new(1)]);
        byte[][] pixels = TinyModel.Generate(model, new(1, PromptLabel: "blue"), new(2, PromptLabel: "blue"), new(1, PromptLabel: "green"));
        Assert.Equal(["blue", "green", "red"], model.ClassNames);
        Assert.Equal(["blue", "blue", "green"], images.Take(3).Select(i => i.Label));
        Assert.Contains(images[3].Label, model.ClassNames);
        Assert.All(images, i => Assert.Null(i.Entry));
        Assert.NotEqual(pixels[0], pixels[1]);
        Assert.NotEqual(pixels[0], pixels[2]);
        Assert.False(model.HasMemory);
        Assert.Contains("has no memory", Assert.Throws<InvalidOperationException>(() => model.Memory).Message, StringComparison.Ordinal);
        Assert.Null(model.Encoder);
        Assert.Equal(3, model.ClassNames.Count);

        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(
            pixels, TinyModel.Generate(loaded, new(1, PromptLabel: "blue"), new(2, PromptLabel: "blue"), new(1, PromptLabel: "green")));
        Assert.Equal(["blue", "green", "red"], loaded.ClassNames);
    }

    [Fact]
    public void Generate_WithGuidance_OnLabels()
    {
        using GMemModel model = TrainOnLabels();
        GMem.Sampling.SamplingOptions sampling = model.Sampling;
        sampling = sampling with { GuidanceScale = 3 };
        using GMemModel guided = model.WithSampling(sampling);
        Assert.NotEqual(TinyModel.Generate(
            model, new GenerationRequest(1, PromptLabel: "red")), TinyModel.Generate(guided, new GenerationRequest(1, PromptLabel: "red")));
    }

    [Fact]
    public void Generate_OnLabels_SnippetsEntriesAndUnknownClassesAreRefused()
    {
        using GMemModel model = TrainOnLabels();
        foreach (GenerationRequest request in new GenerationRequest[] { new(1, Snippet: new float[] { 1, 1, 0 }), new(1, MemoryIndex: 0) })
        {
            Assert.Contains(
                "has no memory", Assert.Throws<ArgumentException>(() => model.Generate([request])).Message, StringComparison.Ordinal);
        }

        Assert.Equal(
            "The model does not know the class 'pink'; it knows 'blue', 'green', 'red'.",
            Assert.Throws<ArgumentException>(() => model.Generate([new(1, PromptLabel: "pink")])).Message);
    }

    /// <summary>The seed chooses every class about as often.</summary>
    [Fact]
    public void LabelOf_SeedsAlone_ReachesEveryClass()
    {
        using GMemModel model = TrainOnLabels();
        string?[] labels = [.. Enumerable.Range(0, 60).Select(seed => model.LabelOf(new GenerationRequest(seed)))];
        Assert.All(model.ClassNames, name => Assert.InRange(labels.Count(l => l == name), 8, 35));
    }

    [Fact]
    public void Fit_OnSnippetsAndLabels_UsesBothAndIsSaved()
    {
        using TrainingImages images = Labelled(i => (i % 3) switch { 0 => "red", 1 => "green", _ => "blue" });
        GMemOptions options = TinyModel.Options(steps: 30);
        options.Network = options.Network with { Conditions = [new SnippetCondition(), new LabelCondition()] };
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU);
        GenerationRequest entry = new(
            1, MemoryIndex: 3), other = new(1, MemoryIndex: 3, PromptLabel: "green"), drawn = new(1, PromptLabel: "green");
        IReadOnlyList<GeneratedImage> made = model.Generate([entry, other, drawn]);
        Assert.Equal(["red", "green", "green"], made.Select(i => i.Label));
        Assert.Equal("green", made[2].Entry!.Value.Label);
        byte[][] pixels = TinyModel.Generate(model, entry, other, drawn);
        Assert.NotEqual(pixels[0], pixels[1]);
        Assert.NotEqual(pixels[1], pixels[2]);

        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(pixels, TinyModel.Generate(loaded, entry, other, drawn));
        GMem.Sampling.SamplingOptions sampling = model.Sampling;
        sampling = sampling with { GuidanceScale = 3 };
        using GMemModel guided = model.WithSampling(sampling);
        Assert.NotEqual(pixels[0], TinyModel.Generate(guided, entry)[0]);
    }

    [Fact]
    public void Fit_OnNothing_GeneratesAndIsSaved()
    {
        GMemOptions options = TinyModel.Options(steps: 40);
        options.Network = options.Network with { Conditions = [] };
        using GMemModel model = TinyModel.Train(options);
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        byte[][] pixels = TinyModel.Generate(loaded, new(1), new(2));
        Assert.Equal(pixels, TinyModel.Generate(model, new(1), new(2)));
        Assert.NotEqual(pixels[0], pixels[1]);
        Assert.False(model.HasMemory);
        Assert.Contains(
            "not conditioned on anything",
            Assert.Throws<ArgumentException>(() => model.Generate([new(1, PromptLabel: "red")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_OnLabelsWithoutLabels_SaysSo()
    {
        GMemOptions options = TinyModel.Options();
        options.Network = options.Network with { Conditions = [new LabelCondition()] };
        using TrainingImages none = TinyModel.Images();
        Assert.Contains("the training data have none", Assert.Throws<ArgumentException>(
            () => GMemModel.Fit(none, options, torch.CPU)).Message, StringComparison.Ordinal);
        using TrainingImages some = Labelled(i => i == 5 ? "" : "a");
        Assert.Contains("image 5 (counted from 0) has none", Assert.Throws<ArgumentException>(
            () => GMemModel.Fit(some, options, torch.CPU)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("snippet")]
    [InlineData("label")]
    [InlineData(null)]
    public void Fit_ProjectionLoss_TrainsTheProjector(string? condition)
    {
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        using TrainingImages images = Labelled(i => $"{i % 3}");
        GMemOptions options = TinyModel.Options(steps: 40);
        options.Encoder = encoder;
        options.Network = options.Network with
        {
            Conditions = condition switch { "snippet" => [new SnippetCondition()], "label" => [new LabelCondition()], _ => [] },
            ProjectionSize = TinyEncoders.TokenWidth,
            ProjectorHiddenSize = 32,
            ProjectorDepth = 1,
        };
        options.Training.HorizontalFlip = true;
        ProgressList with = new(), without = new();
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU, with);
        options.Training.Losses = [new VelocityLoss()];
        using GMemModel plain = GMemModel.Fit(images, options, torch.CPU, without);

        // The loss is a cosine of -1 at best: with the weight 0.5 the total sinks by what the projector has learnt.
        double gain = with.Reports[^5..].Average(r => r.Loss) - without.Reports[^5..].Average(r => r.Loss);
        Assert.InRange(gain, -0.55, -0.1);
        Assert.Equal(condition == "snippet", model.Encoder is not null);
    }

    [Fact]
    public void Fit_ProjectionLossThatTheEncoderCannotServe_SaysWhy()
    {
        using SnippetEncoder dino = TinyEncoders.DinoV2();
        GMemOptions options = TinyModel.Options();
        options.Network = options.Network with { ProjectionSize = 12, ProjectorDepth = 1 };
        Assert.Contains("needs an encoder with patch tokens", Assert.Throws<ArgumentException>(
            () => TinyModel.Train(options)).Message, StringComparison.Ordinal);
        options.Encoder = dino;
        Assert.Contains("ProjectionSize is 12, but the encoder's patch tokens have 16", Assert.Throws<ArgumentException>(
            () => TinyModel.Train(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FromAnInitialModel_GoesOnWhereItWas()
    {
        using GMemModel initial = TinyModel.Train(TinyModel.Options(steps: 100));
        using TrainingImages fresh = TinyModel.Images(count: 20);
        GMemOptions options = TinyModel.Options(steps: 3);
        ProgressList scratch = new(), warm = new();
        GMemModel.Fit(fresh, options, torch.CPU, scratch).Dispose();
        options.InitialModel = initial;
        options.Network = new SiTOptions();
        using GMemModel tuned = GMemModel.Fit(fresh, options, torch.CPU, warm);

        Assert.True(warm.Reports[0].Loss < 0.7 * scratch.Reports[0].Loss, $"{warm.Reports[0].Loss} against {scratch.Reports[0].Loss}");
        Assert.Equal(20, tuned.Memory.Count);
        Assert.Equal(24, initial.Memory.Count);
        Assert.Same(initial.Encoder, tuned.Encoder);
        byte[][] before = TinyModel.Generate(tuned, new GenerationRequest(1));
        initial.Dispose();
        Assert.Equal(before, TinyModel.Generate(tuned, new GenerationRequest(1)));
    }

    [Fact]
    public void Fit_FromAnInitialModelOfAnotherSize_IsRefused()
    {
        using GMemModel initial = TinyModel.Train();
        using TrainingImages larger = TinyModel.Images(size: 12);
        GMemOptions options = TinyModel.Options();
        options.InitialModel = initial;
        ArgumentException error = Assert.Throws<ArgumentException>(() => GMemModel.Fit(larger, options, torch.CPU));
        Assert.Equal("InitialModel: the side of its input is 8, it must be 12, as these data have.", error.Message);
    }

    [Fact]
    public void Fit_OnLabelsFromAnInitialModel_KeepsItsClasses()
    {
        using GMemModel initial = TrainOnLabels();
        using TrainingImages red = Labelled(_ => "red"), other = Labelled(_ => "pink");
        GMemOptions options = TinyModel.Options();
        options.InitialModel = initial;
        using GMemModel tuned = GMemModel.Fit(red, options, torch.CPU);
        Assert.Equal(["blue", "green", "red"], tuned.ClassNames);
        ArgumentException error = Assert.Throws<ArgumentException>(() => GMemModel.Fit(other, options, torch.CPU));
        Assert.Equal("The initial model does not know the label 'pink'; its classes are 'blue', 'green', 'red'.", error.Message);
    }

    private static GMemModel TrainOnLabels()
    {
        using TrainingImages images = Labelled(i => (i % 3) switch { 0 => "red", 1 => "green", _ => "blue" });
        GMemOptions options = TinyModel.Options(steps: 30);
        options.Network = options.Network with { Conditions = [new LabelCondition()] };
        return GMemModel.Fit(images, options, torch.CPU);
    }

    private static TrainingImages Labelled(Func<int, string> label)
    {
        TrainingImages images = TinyModel.Images();
        return new TrainingImages(images.Pixels) { Labels = [.. Enumerable.Range(0, (int)images.Count).Select(label)] };
    }
}

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
        using GeneratedImages images = model.Generate([new(1, Label: "blue"), new(1, 0), new(1, Label: "green"), new(1)]);
        byte[][] pixels = TinyModel.Generate(model, new(1, Label: "blue"), new(1, 0), new(1, Label: "green"));
        Assert.Equal(["blue", "green", "red"], model.Memory.Entries.Select(e => e.Label));
        Assert.Equal([0L, 0L, 1L], images.MemoryIndices.Take(3));
        Assert.Equal(pixels[0], pixels[1]);
        Assert.NotEqual(pixels[0], pixels[2]);
        Assert.Null(model.Encoder);
        Assert.Equal(3, model.Core.Network.Options.ClassCount);

        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(pixels, TinyModel.Generate(loaded, new(1, Label: "blue"), new(1, 0), new(1, Label: "green")));
        using GMemModel onlyRed = model.WithMemory(model.Memory.KeepLabel("red"));
        Assert.Equal(TinyModel.Generate(model, new GenerationRequest(4, Label: "red")), TinyModel.Generate(onlyRed, new GenerationRequest(4)));
    }

    [Fact]
    public void Generate_WithGuidance_OnLabels()
    {
        using GMemModel model = TrainOnLabels();
        GMem.Sampling.SamplingOptions sampling = model.Sampling;
        sampling.GuidanceScale = 3;
        using GMemModel guided = model.WithSampling(sampling);
        Assert.NotEqual(TinyModel.Generate(model, new GenerationRequest(1, 2)), TinyModel.Generate(guided, new GenerationRequest(1, 2)));
    }

    [Fact]
    public void Generate_OnLabels_AMixtureOfClassesIsRefused()
    {
        using GMemModel model = TrainOnLabels();
        ArgumentException error = Assert.Throws<ArgumentException>(() => model.Generate([new(1, Snippet: new float[] { 1, 1, 0 })]));
        Assert.Contains("no unit vector of a class", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_OnNothing_GeneratesAndIsSaved()
    {
        GMemOptions options = TinyModel.Options(steps: 40);
        options.Network.Condition = ConditionKind.None;
        using GMemModel model = TinyModel.Train(options);
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        byte[][] pixels = TinyModel.Generate(loaded, new(1), new(2));
        Assert.Equal(pixels, TinyModel.Generate(model, new(1), new(2)));
        Assert.NotEqual(pixels[0], pixels[1]);
        Assert.Equal(1, model.Memory.Count);
    }

    [Fact]
    public void Fit_OnLabelsWithoutLabels_SaysSo()
    {
        GMemOptions options = TinyModel.Options();
        options.Network.Condition = ConditionKind.Label;
        using TrainingImages none = TinyModel.Images();
        Assert.Contains("the images have no labels", Assert.Throws<ArgumentException>(() => GMemModel.Fit(none, options, torch.CPU)).Message, StringComparison.Ordinal);
        using TrainingImages some = Labelled(i => i == 5 ? "" : "a");
        Assert.Contains("image 5 (counted from 0) has no label", Assert.Throws<ArgumentException>(() => GMemModel.Fit(some, options, torch.CPU)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ConditionKind.Snippet)]
    [InlineData(ConditionKind.Label)]
    [InlineData(ConditionKind.None)]
    public void Fit_ProjectionLoss_TrainsTheProjector(ConditionKind condition)
    {
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        using TrainingImages images = Labelled(i => $"{i % 3}");
        GMemOptions options = TinyModel.Options(steps: 40);
        (options.Network.Condition, options.Encoder) = (condition, encoder);
        (options.Network.ProjectionSize, options.Network.ProjectorHiddenSize, options.Network.ProjectorDepth) = (TinyEncoders.TokenWidth, 32, 1);
        options.Training.HorizontalFlip = true;
        ProgressList with = new(), without = new();
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU, with);
        options.Training.Losses = [new VelocityLoss()];
        using GMemModel plain = GMemModel.Fit(images, options, torch.CPU, without);

        // The loss is a cosine of -1 at best: with the weight 0.5 the total sinks by what the projector has learnt.
        double gain = with.Reports[^5..].Average(r => r.Loss) - without.Reports[^5..].Average(r => r.Loss);
        Assert.InRange(gain, -0.55, -0.1);
        Assert.Equal(condition == ConditionKind.Snippet, model.Encoder is not null);
    }

    [Fact]
    public void Fit_ProjectionLossThatTheEncoderCannotServe_SaysWhy()
    {
        using SnippetEncoder dino = TinyEncoders.DinoV2();
        GMemOptions options = TinyModel.Options();
        (options.Network.ProjectionSize, options.Network.ProjectorDepth) = (12, 1);
        Assert.Contains("needs an encoder with patch tokens", Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message, StringComparison.Ordinal);
        options.Encoder = dino;
        Assert.Contains("ProjectionSize is 12, but the encoder's patch tokens have 16", Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message, StringComparison.Ordinal);
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
        Assert.Equal(["blue", "green", "red"], tuned.Memory.Entries.Select(e => e.Label));
        ArgumentException error = Assert.Throws<ArgumentException>(() => GMemModel.Fit(other, options, torch.CPU));
        Assert.Equal("The initial model does not know the label 'pink'; its classes are 'blue', 'green', 'red'.", error.Message);
    }

    private static GMemModel TrainOnLabels()
    {
        using TrainingImages images = Labelled(i => (i % 3) switch { 0 => "red", 1 => "green", _ => "blue" });
        GMemOptions options = TinyModel.Options(steps: 30);
        options.Network.Condition = ConditionKind.Label;
        return GMemModel.Fit(images, options, torch.CPU);
    }

    private static TrainingImages Labelled(Func<int, string> label)
    {
        TrainingImages images = TinyModel.Images();
        return new TrainingImages(images.Pixels) { Labels = [.. Enumerable.Range(0, (int)images.Count).Select(label)] };
    }
}

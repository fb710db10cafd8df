using GMem.Backbone;
using GMem.Latents;
using GMem.OutsideProject;
using GMem.Sampling;
using TorchSharp;

namespace GMem.OutsideTests;

/// <summary>A condition written in a user's project, beside the snippet.</summary>
public sealed class OutsideConditionTests
{
    private const string Angle = "angle";

    [Fact]
    public void Fit_OnAnAngleBesideTheSnippet_UsesItAndIsSaved()
    {
        using GMemModel model = Train();
        GenerationRequest right = At(0), up = At(MathF.PI / 2), untold = new(4, MemoryIndex: 2);
        string[] pictures = Pictures(model, right, up, untold);
        Assert.Equal(3, pictures.Distinct().Count());

        using MemoryStream stream = new();
        model.Save(stream);
        stream.Position = 0;
        using GMemModel loaded = GMemModel.Load(stream, torch.CPU);
        Assert.Equal(pictures, Pictures(loaded, right, up, untold));
        Assert.Equal(0.25, Assert.IsType<AngleCondition>(loaded.Network.Conditions[1]).Dropout);
    }

    [Fact]
    public void Generate_WithGuidance_TakesTheNullAngle()
    {
        using GMemModel model = Train();
        SamplingOptions sampling = model.Sampling;
        sampling = sampling with { GuidanceScale = 3 };
        using GMemModel guided = model.WithSampling(sampling);
        Assert.NotEqual(Pictures(model, At(1)), Pictures(guided, At(1)));
    }

    /// <summary>The same image in any batch.</summary>
    [Fact]
    public void Generate_AnyBatch_SameImageForARow()
    {
        using GMemModel model = Train();
        GenerationRequest[] requests = [.. Enumerable.Range(0, 5).Select(i => At(i) with { Seed = i })];
        string[] together = Pictures(model, requests);
        Assert.Equal(together, requests.Select(r => Pictures(model, r)[0]));
    }

    [Fact]
    public void Fit_WithoutAngles_SaysWhatIsMissing()
    {
        GMemOptions options = Options();
        using TrainingImages images = OutsideModel.TrainingImages();
        ArgumentException error = Assert.Throws<ArgumentException>(() => GMemModel.Fit(images, options, torch.CPU));
        Assert.Equal("The training data have no 'angle' for each image.", error.Message);
    }

    private static GenerationRequest At(float angle) =>
        new(4, MemoryIndex: 2, Values: new Dictionary<string, ReadOnlyMemory<float>> { [Angle] = new[] { angle } });

    private static string[] Pictures(GMemModel model, params GenerationRequest[] requests) =>
        [.. model.Generate(requests).Select(i => Convert.ToHexString(i.Image.Pixels))];

    private static GMemOptions Options()
    {
        GMemOptions options = OutsideModel.Options(steps: 20);
        options.Network = options.Network with { Conditions = [new SnippetCondition(), new AngleCondition { Dropout = 0.25 }] };
        options.Training.LearningRate = 0.01;
        return options;
    }

    private static GMemModel Train()
    {
        using TrainingImages plain = OutsideModel.TrainingImages();
        using TrainingImages images = new(plain.Pixels.clone())
        {
            ConditionValues = new Dictionary<string, torch.Tensor> { [Angle] = torch.linspace(0, 6, (int)plain.Count) },
        };
        return GMemModel.Fit(images, Options(), torch.CPU);
    }
}

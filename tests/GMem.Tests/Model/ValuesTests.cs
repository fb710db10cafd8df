using GMem.Backbone;
using GMem.Images;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Numbers for each image as a condition beside the snippet, or alone.</summary>
public sealed class ValuesTests
{
    private static readonly GenerationRequest[] Requests =
        [At(-2, 300), At(2, 300), At(-2, 100), new(5), new(5, 3), new(5, 3) { Values = ValuesCondition.Of(1, 200) }];

    /// <summary>
    /// Flat pictures whose grey level is the value: the network can only know it from there. The levels that are asked for are 80 apart;
    /// twelve pictures under one value scatter by far less than the tolerance.
    /// </summary>
    [Fact]
    public void Generate_FlatPicturesByTheirLevel_MeanFollowsTheValue()
    {
        using TrainingImages images = Flat();
        GMemOptions options = TinyModel.Options(steps: 500, batchSize: 32);
        options.Network = options.Network with { Conditions = [new ValuesCondition { Names = ["level"] }] };
        options.Training.LearningRate = 2e-3;
        options.Sampling = new SamplingOptions { Steps = 10 };
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU);
        Assert.False(model.HasMemory);
        foreach (float level in new[] { 50f, 130f, 210f })
        {
            GenerationRequest[] requests =
                [.. Enumerable.Range(1, 12).Select(seed => new GenerationRequest(seed, Values: ValuesCondition.Of(level / 100)))];
            double[] means = [.. TinyModel.Generate(model, requests).Select(pixels => pixels.Average(p => (double)p))];
            Assert.InRange(means.Average(), level - 20, level + 20);
            Assert.All(means, mean => Assert.InRange(mean, level - 40, level + 40));
        }
    }

    [Fact]
    public void SaveThenLoad_BesideTheSnippet_SameImagesBitForBit()
    {
        using GMemModel model = Train(Options());
        byte[][] made = TinyModel.Generate(model, Requests);
        Assert.Equal(made.Length, made.Select(Convert.ToHexString).Distinct().Count());
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(made, TinyModel.Generate(loaded, Requests));
        ValuesCondition condition = Assert.IsType<ValuesCondition>(loaded.Network.Conditions[1]);
        Assert.Equal(["tilt", "heat"], condition.Names);
        Assert.Equal(0.25, condition.Dropout);
        Assert.Equal([0, 200], condition.Mean!, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal(
            Math.Sqrt(Levels(24).Average(v => v * v)), condition.Deviation![0], 1e-9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Generate_AnyBatchGuidedAndCentred_SameImageForARow(bool centred)
    {
        using GMemModel trained = Train(Options(centred));
        using GMemModel model = trained.WithSampling(new SamplingOptions { Steps = 3, GuidanceScale = 2 });
        byte[][] together = TinyModel.Generate(model, Requests);
        Assert.NotEqual(together, TinyModel.Generate(trained, Requests));
        Assert.All(Requests.Select((r, i) => (r, i)), p => Assert.Equal(together[p.i], TinyModel.Generate(model, p.r)[0]));
    }

    /// <summary>Variation, inpainting and inversion take values as they take a memory.</summary>
    [Fact]
    public void Generate_FromAPicture_TakesTheValues()
    {
        using GMemModel model = Train(Options());
        using TrainingImages images = TinyModel.Images(1);
        RgbImage picture = ImageTensors.FromTensor(images.Pixels)[0];
        RgbImage mask = new(8, 8, [.. Enumerable.Range(0, 192).Select(i => i < 96 ? (byte)0 : (byte)255)]);
        GenerationRequest start = new(1, 2, PromptImage: picture, Strength: 0.8);
        byte[][] varied = TinyModel.Generate(model, start, start with { Values = ValuesCondition.Of(2, 100) });
        Assert.NotEqual(varied[0], varied[1]);
        byte[][] painted = TinyModel.Generate(
            model, start with { PromptMask = mask }, start with { PromptMask = mask, Values = ValuesCondition.Of(2, 100) });
        Assert.NotEqual(painted[0], painted[1]);
        IReadOnlyList<InvertedImage> inverted = model.Invert(
            [new(1, 2, PromptImage: picture), new(1, 2, PromptImage: picture, Values: ValuesCondition.Of(2, 100))]);
        Assert.NotEqual(inverted[0].Noise.ToArray(), inverted[1].Noise.ToArray());
    }

    [Fact]
    public void Fit_StoppedAndRunAgain_SameBitsAndOtherValuesAreRefused()
    {
        using TemporaryFolder folder = new();
        using GMemModel whole = Train(Options());
        using CancellationTokenSource stop = new();
        ProgressList progress = new() { OnReport = r => { if (r.Step == 3) { stop.Cancel(); } } };
        GMemOptions options = Options();
        options.WorkspacePath = folder.Path;
        using (TrainingImages images = Images())
        {
            GMemModel.Fit(images, options, torch.CPU, progress, stop.Token).Dispose();
        }

        using GMemModel resumed = Train(options);
        Assert.Equal(TinyModel.Generate(whole, Requests), TinyModel.Generate(resumed, Requests));

        // The same mean and deviation, but other images have them.
        using TrainingImages turned = Images(backwards: true);
        Assert.Contains("Data.Values.values", Assert.Throws<ArgumentException>(
            () => GMemModel.Fit(turned, options, torch.CPU)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FromAnInitialModel_KeepsItsMeanAndDeviation()
    {
        using GMemModel first = Train(Options());
        GMemOptions options = Options();
        options.InitialModel = first;
        using TrainingImages images = Images(scale: 3);
        using GMemModel second = GMemModel.Fit(images, options, torch.CPU);
        Assert.Equal(
            ((ValuesCondition)first.Network.Conditions[1]).Mean, ((ValuesCondition)second.Network.Conditions[1]).Mean);
    }

    [Theory]
    [InlineData(new float[] { 1 }, "The request has 1 values, but the model takes 2 ('tilt', 'heat').")]
    [InlineData(new[] { 1, float.NaN }, "The value of 'heat' is NaN, expected a finite number")]
    [InlineData(new[] { 1e30f, 0 }, "The value of 'tilt' is 1E+30, expected a finite number within 1,000,000 standard deviations")]
    public void Generate_ValuesThatDoNotFit_AreRefused(float[] values, string message)
    {
        using GMemModel model = Train(Options(steps: 1));
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(
            () => model.Validate(new(1, Values: ValuesCondition.Of(values)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_ValuesWhereThereAreNone_AreRefused()
    {
        using GMemModel plain = TinyModel.Train(TinyModel.Options(steps: 1));
        Assert.StartsWith("The request has values, but the model was not trained with any", Assert.Throws<ArgumentException>(
            () => plain.Validate(new(1, Values: ValuesCondition.Of(1)))).Message, StringComparison.Ordinal);

        using GMemModel always = Train(Options(steps: 1, dropout: 0));
        Assert.StartsWith("The model needs values for this image ('tilt', 'heat')", Assert.Throws<ArgumentException>(
            () => always.Validate(new(1))).Message, StringComparison.Ordinal);
        always.Validate(At(1, 200));
    }

    [Theory]
    [InlineData("shape", "ConditionValues['values'] must have one row an image; it is [23, 2] for 24 images.")]
    [InlineData("nan", "The values of image 7 (counted from 0) are not valid: 'heat' is NaN.")]
    [InlineData("names", "the values' Names are 'tilt', 'heat', expected 3 different names")]
    [InlineData("none", "The network is conditioned on values, but the training data have none.")]
    public void Fit_ValuesThatDoNotFit_AreRefused(string fault, string message)
    {
        int rows = fault == "shape" ? 23 : 24, columns = fault == "names" ? 3 : 2;
        float[] numbers = new float[rows * columns];
        numbers[15] = fault == "nan" ? float.NaN : 0;
        using TrainingImages plain = TinyModel.Images();
        Dictionary<string, torch.Tensor> values = [];
        if (fault != "none")
        {
            values[ValuesCondition.Name] = torch.tensor(numbers, [rows, columns]);
        }

        using TrainingImages images = new(plain.Pixels.clone()) { ConditionValues = values };
        Assert.Contains(message, Assert.Throws<ArgumentException>(
            () => GMemModel.Fit(images, Options(), torch.CPU)).Message, StringComparison.Ordinal);
    }

    private static GenerationRequest At(float tilt, float heat) => new(4, 2, Values: ValuesCondition.Of(tilt, heat));

    private static GMemOptions Options(bool centred = false, long steps = 20, double dropout = 0.25)
    {
        GMemOptions options = TinyModel.Options(steps);
        options.Network = options.Network with
        {
            Conditions = [new SnippetCondition(), new ValuesCondition { Names = ["tilt", "heat"], Dropout = dropout }],
        };
        options.Training.LearningRate = 0.01;
        options.Training.Source = centred ? new CentredSource() : null;
        return options;
    }

    private static GMemModel Train(GMemOptions options)
    {
        using TrainingImages images = Images();
        return GMemModel.Fit(images, options, torch.CPU);
    }

    private static double[] Levels(int count) => [.. Enumerable.Range(0, count).Select(i => (i - ((count - 1) / 2.0)) / 4)];

    private static TrainingImages Images(bool backwards = false, float scale = 1)
    {
        using TrainingImages plain = TinyModel.Images();
        float[] rows = [.. Levels(24).SelectMany(v => new[] { (float)v * scale * (backwards ? -1 : 1), 200 })];
        return new TrainingImages(plain.Pixels.clone())
        {
            ConditionValues = new Dictionary<string, torch.Tensor> { [ValuesCondition.Name] = torch.tensor(rows, [24, 2]) },
        };
    }

    /// <summary>Of the levels 0 to 255, each image one; the value is a hundredth of it.</summary>
    private static TrainingImages Flat()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] levels = [.. Enumerable.Range(0, 64).Select(i => i * 255f / 63)];
        torch.Tensor pixels = torch.tensor(levels).round().to(torch.uint8).view(-1, 1, 1, 1).expand(64, 3, 8, 8).contiguous();
        return new TrainingImages(pixels.MoveToOuterDisposeScope())
        {
            ConditionValues = new Dictionary<string, torch.Tensor>
            {
                [ValuesCondition.Name] = torch.tensor([.. levels.Select(l => l / 100)], [64, 1]).MoveToOuterDisposeScope(),
            },
        };
    }
}

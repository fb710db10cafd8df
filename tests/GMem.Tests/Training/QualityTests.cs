using System.Globalization;
using System.Security.Cryptography;
using GMem.Backbone;
using GMem.Evaluation;
using GMem.Images;
using GMem.Latents;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Tests.Training.Checkpoints;
using GMem.Tests.Training.Watching;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class QualityTests
{
    private const int Images = 24;

    [Fact]
    public void Fit_Measured_GivesWhatTheEvaluatorGivesOfTheSameSamples()
    {
        ProgressList progress = new();
        GMemOptions options = Options(null, every: 4);
        using GMemModel model = TinyModel.Train(options, progress);
        (long Step, QualityMeasurement Value)[] measured = Measured(progress);
        Assert.Equal([4, 6], measured.Select(m => m.Step));
        QualityMeasurement last = measured[^1].Value;
        Assert.True(last.Seconds > 0 && last.TimeShare is > 0 and < 1);

        ImageSplit split = new(Images, options.Training.ValidationFraction, options.Training.Seed);
        using TrainingImages images = TinyModel.Images();
        using RandomConvolutionFeatures features = new();
        using FeatureSet trained = FeatureSet.Compute(features, images.Pixels[torch.tensor(split.Training.ToArray())]);
        using FeatureSet heldOut = FeatureSet.Compute(features, images.Pixels[torch.tensor(split.Validation.ToArray())]);
        Assert.Equal(CopyCheck.Compute(trained.Features, heldOut.Features).Share, last.HeldOutCopyShare);

        // The entries are a permutation of the pictures that are trained on, and so their own memory.
        using torch.Generator generator = RandomStream.Create(options.Training.Seed, RandomPurpose.Evaluation, 1);
        long[] order = [.. torch.randperm(split.Training.Count, generator: generator).data<long>()];
        long[] entries = [.. Enumerable.Range(0, 8).Select(i => order[i % order.Length])];
        using GMemModel sampled = model.WithSampling(model.Sampling with { Steps = 2 });
        IReadOnlyList<GeneratedImage> made = sampled.Generate(
            [.. entries.Select((e, i) => new GenerationRequest(i + 1, split.Training[(int)e]))]);
        using torch.Tensor pixels = ImageTensors.ToTensor([.. made.Select(m => m.Image)]);
        using FeatureSet generated = FeatureSet.Compute(features, pixels);
        CopyCheckResult copies = CopyCheck.Compute(trained.Features, generated.Features, entries);

        // The model has the weights of the lower distance.
        QualityMeasurement best = measured.MinBy(m => m.Value.FrechetDistance).Value;
        ImageGenerationMetrics expected = ImageGenerationEvaluator.Evaluate(
            heldOut, generated, new EvaluationOptions { Neighbours = [1] }, copies);
        Assert.Equal((expected.FrechetDistance, copies.Share), (best.FrechetDistance, best.CopyShare));
    }

    [Fact]
    public void Fit_MeasuredOrNot_LearnsTheSame()
    {
        GMemOptions plain = Options(null);
        plain.Training.Quality = null;
        GMemOptions measured = Options(null);
        measured.Training.Quality = measured.Training.Quality! with { KeepBest = false };
        Assert.Equal(Hash(plain), Hash(measured));
    }

    [Fact]
    public void Fit_KeepBest_HasTheAverageOfTheStepOfTheLowestDistance()
    {
        ProgressList progress = new();
        GMemOptions options = Options(null, steps: 9, every: 1);

        // So large a rate of learning worsens the samples.
        options.Training.LearningRate = 0.3;
        string kept = Hash(options, progress);
        long best = Measured(progress).MinBy(m => m.Value.FrechetDistance).Step;
        Assert.InRange(best, 1, 8);
        Assert.Contains(progress.Reports[^1].Messages, m => m.Text.Contains(
            string.Create(CultureInfo.InvariantCulture, $"was at step {best}, whose averaged weights the model has"),
            StringComparison.Ordinal));

        GMemOptions shorter = Options(null, steps: best);
        shorter.Training.LearningRate = 0.3;
        shorter.Training.Quality = null;
        Assert.Equal(Hash(shorter), kept);
    }

    [Fact]
    public void Fit_DistanceThatStopsFalling_StopsAfterThePatience()
    {
        ProgressList progress = new();
        GMemOptions options = Options(null, steps: 40, every: 1);
        (options.Training.LearningRate, options.Training.EmaDecay, options.Training.EmaWarmUp) = (1e-12, 0, false);
        options.Training.Quality = options.Training.Quality! with { EarlyStoppingPatience = 2, MinimumGain = 0.01 };
        using GMemModel model = TinyModel.Train(options, progress);
        Assert.Equal((3, false), (model.TrainedSteps, model.IsPartial));
        Assert.Equal(3, Measured(progress).Length);
        Assert.Contains(
            progress.Reports[^1].Messages, m => m.Text.StartsWith("The quality was measured 3 times in", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_StoppedAndRunAgain_SameModelMeasurementsAndMetrics(bool centred)
    {
        using TemporaryFolder folder = new();
        GMemOptions Of(string workspace)
        {
            GMemOptions options = Options(folder.File(workspace), steps: 7, every: 2);
            options.Training.Source = centred ? new CentredSource() : null;
            options.Training.CheckpointEvery = 3;
            return options;
        }

        ProgressList whole = new(), again = new();
        string expected = Hash(Of("whole"), whole);
        WorkspaceCrash.After(5, folder.File("parts"), (progress, stop) =>
        {
            using TrainingImages images = TinyModel.Images();
            GMemModel.Fit(images, Of("parts"), torch.CPU, progress, stop).Dispose();
        });
        Assert.Equal(expected, Hash(Of("parts"), again));
        Assert.Equal(4, again.Reports[0].Step);
        Assert.Equal(Columns(folder.File("whole")), Columns(folder.File("parts")));
        Assert.Equal(["", "2", "", "4", "", "6", "7"], Columns(folder.File("parts")).Select(
            row => row[1].Length > 0 ? row[0] : ""));
        Assert.Contains("Share of copies", File.ReadAllText(folder.File("parts/report.html")), StringComparison.Ordinal);
        Assert.Contains(
            Directory.GetFiles(folder.File("parts/tensorboard")).SelectMany(TensorBoardFile.Read),
            e => e.Summary?.Value[0].Tag == "quality/copy share");
    }

    [Fact]
    public void Fit_WithoutAMemory_ComparesWithTheNearest()
    {
        GMemOptions options = Options(null);
        options.Network = options.Network with { Conditions = [new LabelCondition()] };
        ProgressList progress = new();
        TinyModel.Train(options, progress, [.. Enumerable.Range(0, Images).Select(i => i % 2 == 0 ? "even" : "odd")]).Dispose();
        Assert.True(Measured(progress).Length == 1 && Measured(progress)[0].Value.FrechetDistance > 0);
    }

    [Fact]
    public void Fit_WithoutHeldOutPictures_IsRefusedByName()
    {
        GMemOptions options = Options(null);
        options.Training.ValidationFraction = 0;
        Assert.Contains(
            "ValidationFraction is 0, it must be above 0 where Quality is set", Assert.Throws<ArgumentException>(options.Validate).Message,
            StringComparison.Ordinal);
        options.Training.ValidationFraction = 0.1;
        Assert.Contains(
            "needs at least 4 held-out pictures and 2 to train on, but ValidationFraction 0.1 of 24 pictures holds out 2",
            Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_ValuesOutOfRange_NamesEach()
    {
        TrainingOptions options = new()
        {
            Quality = new QualityOptions { EveryNStep = 0, SampleCount = 3, SamplerSteps = 0, EarlyStoppingPatience = -1, MinimumGain = 1 },
        };
        Assert.Equal(
            "TrainingOptions: the quality's EveryNStep is 0, it must be at least 1; the quality's SampleCount is 3, it must be from 4 to "
                + "100000; the quality's SamplerSteps is 0, it must be from 1 to 10000, or null; the quality's EarlyStoppingPatience is "
                + "-1, it must be at least 0 (0 never stops early); the quality's MinimumGain is 1, it must be in [0, 1); "
                + "ValidationFraction is 0, it must be above 0 where Quality is set: samples are compared with held-out pictures.",
            Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    private static GMemOptions Options(string? workspace, long steps = 6, int every = 6)
    {
        GMemOptions options = TinyModel.Options(steps);
        options.WorkspacePath = workspace;
        options.Training.ValidationFraction = 0.25;
        options.Training.SampleEveryNStep = 0;
        options.Training.Quality = new QualityOptions { EveryNStep = every, SampleCount = 8, SamplerSteps = 2 };
        return options;
    }

    private static (long Step, QualityMeasurement Value)[] Measured(ProgressList progress) =>
        [.. progress.Reports.Where(r => r.Quality is not null).Select(r => (r.Step, r.Quality!))];

    /// <summary>Step, distance and share of copies of every line.</summary>
    private static string[][] Columns(string workspace)
    {
        string[][] lines = [.. File.ReadLines(Path.Combine(workspace, "metrics.csv")).Select(l => l.Split(','))];
        int[] wanted = [.. new[] { "step", "frechet_distance", "copy_share" }.Select(name => Array.IndexOf(lines[0], name))];
        return [.. lines.Skip(1).Select(line => wanted.Select(i => line[i]).ToArray())];
    }

    private static string Hash(GMemOptions options, ProgressList? progress = null)
    {
        using GMemModel model = TinyModel.Train(options, progress);
        MemoryArchive archive = new();
        model.Save(archive);
        return Convert.ToHexStringLower(SHA256.HashData(archive.Entries["network.safetensors"]));
    }
}

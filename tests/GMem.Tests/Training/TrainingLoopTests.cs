using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Latents;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class TrainingLoopTests
{
    [Theory]
    [InlineData(10, 4)]
    [InlineData(7, 7)]
    [InlineData(5, 3)]
    public void Indices_WholeEpochs_EveryImageOnceAnEpoch(int count, int batch)
    {
        BatchOrder order = new(count, batch, seed: 5);
        long[] all = [.. Enumerable.Range(0, count * 2).SelectMany(step => order.Indices(step))];
        foreach (long[] epoch in all.Chunk(count).Where(c => c.Length == count))
        {
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), epoch.Order());
        }

        Assert.NotEqual(all[..count], all[count..(2 * count)]);
    }

    [Fact]
    public void Indices_StepAskedForAlone_SameAsInSequence()
    {
        BatchOrder sequence = new(9, 4, seed: 5);
        long[][] all = [.. Enumerable.Range(0, 12).Select(s => sequence.Indices(s))];
        Assert.Equal(all[10], new BatchOrder(9, 4, seed: 5).Indices(10));
        Assert.NotEqual(all[0], new BatchOrder(9, 4, seed: 6).Indices(0));
    }

    [Fact]
    public void Batch_SomeMirrored_ImageAndSnippetBoth()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1);
        torch.Tensor pixels = torch.randint(0, 256, [4, 3, 6, 6], dtype: torch.uint8, generator: generator);
        MemoryBank plain = MemoryBank.FromRows(torch.randn([4, 5], generator: generator));
        MemoryBank mirrored = MemoryBank.FromRows(torch.randn([4, 5], generator: generator));
        PixelAutoencoder pixelsAsTheyAre = new();
        TrainingSet set = TestTrainingSet.Of(pixels, plain, mirrored, pixelsAsTheyAre, [new SnippetCondition()]);

        (torch.Tensor data, IReadOnlyList<torch.Tensor> conditions, torch.Tensor? tokens) = set.Batch([2, 0, 2], [true, false, false]);
        torch.Tensor snippets = Assert.Single(conditions);
        Assert.Null(tokens);

        torch.Tensor expected = pixelsAsTheyAre.Encode(torch.stack([pixels[2].flip(2), pixels[0], pixels[2]]));
        Assert.True(data.equal(expected).all().item<bool>());
        Assert.True(snippets[0].equal(mirrored.Rows([2])[0]).all().item<bool>());
        Assert.True(snippets[1].equal(plain.Rows([0])[0]).all().item<bool>());
        Assert.True(snippets[2].equal(plain.Rows([2])[0]).all().item<bool>());
    }

    [Fact]
    public void UseAverage_ConstantDecayZero_IsTheLastWeights()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor last = Train(
            new TrainingOptions { TotalSteps = 3, BatchSize = 4, EmaDecay = 0, EmaWarmUp = false }, useAverage: false);
        torch.Tensor average = Train(
            new TrainingOptions { TotalSteps = 3, BatchSize = 4, EmaDecay = 0, EmaWarmUp = false }, useAverage: true);
        Assert.True(last.equal(average).all().item<bool>());
    }

    [Fact]
    public void UseAverage_WarmUp_MovesFurtherThanConstantDecay()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor initial = Train(
            new TrainingOptions { TotalSteps = 4, BatchSize = 4, EmaDecay = 0.9999, EmaWarmUp = false }, useAverage: true);
        torch.Tensor warmed = Train(new TrainingOptions { TotalSteps = 4, BatchSize = 4, EmaDecay = 0.9999 }, useAverage: true);
        torch.Tensor last = Train(new TrainingOptions { TotalSteps = 4, BatchSize = 4 }, useAverage: false);
        double constant = (initial - last).norm().item<float>();
        double warm = (warmed - last).norm().item<float>();
        Assert.True(warm < 0.5 * constant, $"{warm} against {constant}");
    }

    [Fact]
    public void Run_LossNotANumber_StopsWithTheCure()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(
            () => Train(
                new TrainingOptions { TotalSteps = 200, BatchSize = 4, LearningRate = 1e30, MaxGradientNorm = 0, LogEveryNStep = 1 },
                useAverage: false));
        Assert.StartsWith("Training diverged", error.Message, StringComparison.Ordinal);
        Assert.Contains("Lower LearningRate (it is 1E+30)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WeightsLost_ReturnsToTheLastGoodStateAtHalfTheLearningRate()
    {
        bool lost = false;
        ProgressList progress = new();
        using torch.Tensor weights = Train(
            new TrainingOptions { TotalSteps = 12, BatchSize = 4, LogEveryNStep = 1, MaxSkippedStepsInARow = 3, CheckpointEvery = 2 },
            useAverage: true,
            (loop, report) =>
            {
                progress.Report(report);
                if (report.Step == 5 && !lost)
                {
                    lost = true;
                    using IDisposable noGrad = torch.no_grad();
                    _ = loop.State.Parameters.Weights.FillInPlace(double.NaN);
                }
            });

        Assert.True(torch.isfinite(weights).all().item<bool>());
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 5, 6, 7, 8, 9, 10, 11, 12], progress.Reports.Select(r => r.Step));
        Assert.Equal([1e-3, 5e-4], progress.Reports.Select(r => r.LearningRate).Distinct());
        Assert.True(double.IsNaN(progress.Reports[5].Loss));
        Assert.Equal(2, progress.Reports[6].SkippedSteps);
        TrainingMessage told = Assert.Single(progress.Reports.SelectMany(r => r.Messages), m => m.Level == TrainingMessageLevel.Warning);
        Assert.Equal(
            "The loss or the gradient was not finite in the 3 steps up to step 8: returned to step 4, and the learning rate is 0.5 of "
                + "what was asked for.", told.Text);
    }

    [Fact]
    public void Run_DivergedToStop_SaysWhatWasSeen()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Train(
            new TrainingOptions
            {
                TotalSteps = 200,
                BatchSize = 4,
                LearningRate = 1e30,
                MaxGradientNorm = 0,
                OnDivergence = DivergenceBehavior.Stop,
            }, useAverage: false));
        Assert.Equal(
            "Training diverged: the loss or the gradient was not finite in the 5 steps up to step 6; they changed nothing. Lower "
            + "LearningRate (it is 1E+30), raise WarmUpSteps (it is 0), or "
            + "switch clipping on (MaxGradientNorm is 0).",
            error.Message);
    }

    /// <returns>The weights afterwards, all in one tensor.</returns>
    private static torch.Tensor Train(TrainingOptions options, bool useAverage, Action<TrainingLoop, TrainingProgress>? onReport = null)
    {
        using TrainingImages images = TinyModel.Images(count: 8);
        SiTOptions network = new()
        {
            InputSize = TinyModel.ImageSize,
            InputChannels = 3,
            PatchSize = 2,
            HiddenSize = 32,
            Depth = 2,
            HeadCount = 2,
            Conditions = [new SnippetCondition { Size = 6 }],
        };
        using torch.Generator generator = new(4);
        using torch.Tensor rows = torch.randn([8, 6], generator: generator);
        using SiT sit = new(network, generator);
        TrainingSet set = TestTrainingSet.Of(images.Pixels, MemoryBank.FromRows(rows), null, new PixelAutoencoder(), network.Conditions);
        using TrainingLoop loop = new(sit, set, options, torch.CPU);
        ProgressList progress = new() { OnReport = report => onReport?.Invoke(loop, report) };
        _ = loop.Run(progress, CancellationToken.None);
        if (useAverage)
        {
            loop.UseResult();
        }

        return torch.cat([.. sit.TrainableParameters().Select(p => p.Item2.detach().reshape(-1))]).clone();
    }
}

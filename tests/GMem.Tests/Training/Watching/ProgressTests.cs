using GMem.Backbone;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training.Watching;

/// <summary>From the first step on it is said what goes on and how long it takes.</summary>
public sealed class ProgressTests
{
    [Fact]
    public void Fit_InterimReport_ChangesNoRegularReportAndNoFile()
    {
        using TemporaryFolder folder = new();
        GMemOptions options = TinyModel.Options(steps: 4);
        (options.Training.LogEveryNStep, options.WorkspacePath) = (4, folder.Path);
        ProgressList interim = new(), single = new();
        TinyModel.Train(options, interim).Dispose();
        TinyModel.Train(TinyModel.Options(steps: 4), single).Dispose();

        Assert.Equal([(1L, true), (4L, false)], interim.Reports.Select(r => (r.Step, r.IsInterim)));
        Assert.Equal(single.Reports[0].Loss, interim.Reports[0].Loss, 1e-6);
        Assert.Equal(single.Reports.Average(r => r.Loss), interim.Reports[1].Loss, 1e-6);
        Assert.True(interim.Reports[0].TimeLeft > TimeSpan.Zero);
        Assert.StartsWith("4,", Assert.Single(File.ReadLines(folder.File("metrics.csv")).Skip(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_SecondsWithoutAReport_AreFollowedByAnInterimOne()
    {
        // Two seconds pass in the first report, so that another interim one is due after the second step.
        ProgressList progress = new() { OnReport = r => Thread.Sleep(r.Step == 1 ? 2000 : 0) };
        GMemOptions options = TinyModel.Options(steps: 6);
        options.Training.LogEveryNStep = 6;
        TinyModel.Train(options, progress).Dispose();
        Assert.Equal([(1L, true), (2L, true), (6L, false)], progress.Reports.Select(r => (r.Step, r.IsInterim)));
    }

    [Fact]
    public void Fit_OnLatentsWithASource_NamesThePhases()
    {
        Seen seen = new();
        GMemOptions options = TinyModel.Options(steps: 1);
        using CountingAutoencoder autoencoder = new();
        (options.Autoencoder, options.EncodingProgress, options.Training.Source) = (autoencoder, seen, new CentredSource());
        TinyModel.Train(options).Dispose();
        Assert.Equal(
            [EncodingPhase.Encoder, EncodingPhase.Images, EncodingPhase.Memory, EncodingPhase.Source],
            seen.Reports.Select(r => r.Phase).Distinct());
    }

    [Fact]
    public void MeasureStep_OfSeveralNetworks_GivesATimeAndLeavesNothing()
    {
        GMemOptions plain = TinyModel.Options(), labelled = TinyModel.Options(), mirrored = TinyModel.Options();
        labelled.Network = labelled.Network with { Conditions = [new LabelCondition()] };
        mirrored.Training.HorizontalFlip = true;
        mirrored.Training.Source = new CentredSource();
        mirrored.Training.BatchSize = null;
        using TemporaryFolder folder = new();
        plain.WorkspacePath = folder.Path;
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (GMemOptions options in new[] { plain, labelled, mirrored })
        {
            Assert.True(GMemModel.MeasureStep(options, TinyModel.ImageSize, torch.CPU) > TimeSpan.Zero);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.Equal(6, plain.Training.TotalSteps);
        Assert.Throws<ArgumentException>(() => GMemModel.MeasureStep(plain, 7, torch.CPU));
        Assert.ThrowsAny<OperationCanceledException>(
            () => GMemModel.MeasureStep(plain, TinyModel.ImageSize, torch.CPU, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task GenerateAsync_WithProgress_CountsTheSteps()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        Steps steps = new();
        await foreach (GeneratedImage image in model.GenerateAsync([new(1), new(2)], new StreamingOptions { Progress = steps }))
        {
            Assert.False(image.IsPreview);
        }

        Assert.Equal([new(1, 3), new(2, 3), new SamplingProgress(3, 3)], steps.Reports);
    }

    [Fact]
    public void ToString_OfEveryReport_NamesThePhase()
    {
        Assert.Equal(
            "Step 50 of 2000 (epoch 3.20): loss 0.1234, gradient norm 0.568, learning rate 2e-4, 1234.5 images/s, 0:01:02 left",
            $"{new TrainingProgress(50, 2000, 3.2, 0.12341, 0.5678, 2e-4, 1234.5, TimeSpan.FromSeconds(62))}");
        Assert.EndsWith("30:00:00 left", $"{new TrainingProgress(1, 2, 0, 0, 0, 0, 0, TimeSpan.FromHours(30))}", StringComparison.Ordinal);
        Assert.Equal("Encoded 3 images of 9; found 2 that an earlier run had encoded", $"{new EncodingProgress(3, 2, 9)}");
        Assert.Equal("Fitting the encoder to 9 images", $"{new EncodingProgress(0, 0, 9) { Phase = EncodingPhase.Encoder }}");
        Assert.Equal("Generating: 3 of 25", $"{new SamplingProgress(3, 25)}");
    }

    private sealed class Seen : IProgress<EncodingProgress>
    {
        public List<EncodingProgress> Reports { get; } = [];

        public void Report(EncodingProgress value) => Reports.Add(value);
    }

    private sealed class Steps : IProgress<SamplingProgress>
    {
        public List<SamplingProgress> Reports { get; } = [];

        public void Report(SamplingProgress value) => Reports.Add(value);
    }
}

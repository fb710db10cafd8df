using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

/// <summary>A batch whose size is not given fits the images.</summary>
public sealed class DefaultBatchTests
{
    [Theory]
    [InlineData(5, 0.0, 5)]
    [InlineData(10, 0.3, 7)]
    [InlineData(63, 0.0, 63)]
    public void Fit_FewerImagesThanTheDefault_SameBitsAsWithABatchOfAllAndSaysSo(int images, double validation, int batch)
    {
        ProgressList progress = new();
        byte[][] byDefault = Generate(images, Options(null, validation), progress);

        Assert.Equal(Generate(images, Options(batch, validation)), byDefault);
        TrainingMessage message = Assert.Single(progress.Reports.SelectMany(r => r.Messages), m => m.Level == TrainingMessageLevel.Warning);
        Assert.Equal(
            $"{batch} images are fewer than the default batch of 64: BatchSize is {batch}, so every step sees them all.", message.Text);
        Assert.Equal(2, progress.Reports[^1].Epoch);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(70)]
    public void Fit_EnoughImages_SameBitsAsWithTheDefaultGivenAndSaysNothing(int images)
    {
        ProgressList progress = new();
        Assert.Equal(Generate(images, Options(64)), Generate(images, Options(null), progress));
        Assert.DoesNotContain(progress.Reports.SelectMany(r => r.Messages), m => m.Level == TrainingMessageLevel.Warning);
    }

    [Fact]
    public void Fit_NoImageLeftToTrainOn_SaysWhichOptionToLower() => Assert.Contains(
        "There are 0 images to train on, fewer than one batch of 1; bring more images or lower ValidationFraction.",
        Assert.Throws<ArgumentException>(() => Generate(1, Options(null, validation: 0.9))).Message);

    [Fact]
    public void Fit_ResumedWithoutTheBatchItBeganWith_IsTheSameRunOrRefused()
    {
        using TemporaryFolder folder = new();
        GMemOptions begun = Options(8), resumed = Options(null);
        begun.WorkspacePath = resumed.WorkspacePath = folder.Path;
        _ = Generate(8, begun);
        resumed.Training.TotalSteps = 3;
        _ = Generate(8, resumed);

        GMemOptions other = Options(6);
        other.WorkspacePath = folder.Path;
        ArgumentException error = Assert.Throws<ArgumentException>(() => Generate(8, other));
        Assert.Contains("Training.BatchSize was 8 and is 6", error.Message, StringComparison.Ordinal);
    }

    private static GMemOptions Options(int? batch, double validation = 0)
    {
        GMemOptions options = TinyModel.Options(steps: 2);
        (options.Training.BatchSize, options.Training.ValidationFraction) = (batch, validation);
        return options;
    }

    private static byte[][] Generate(int count, GMemOptions options, IProgress<TrainingProgress>? progress = null)
    {
        using TrainingImages images = TinyModel.Images(count);
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU, progress);
        return TinyModel.Generate(model, new(1), new(2));
    }
}

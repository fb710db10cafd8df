using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class ValidationLossTests
{
    [Fact]
    public void ImageSplit_Fraction_PartsTheImages()
    {
        ImageSplit split = new(24, 0.25, seed: 3);
        Assert.Equal(6, split.Validation.Count);
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (long)i), split.Training.Concat(split.Validation).Order());
        Assert.Equal(split.Validation, new ImageSplit(24, 0.25, seed: 3).Validation);
        Assert.NotEqual(split.Validation, new ImageSplit(24, 0.25, seed: 4).Validation);
        Assert.Empty(new ImageSplit(24, 0, seed: 3).Validation);
    }

    [Fact]
    public void Fit_WithAFraction_LossIsReportedAndFallsAndChangesNoOtherNumber()
    {
        ProgressList progress = Fit(every: 10, patience: 0);
        double[] losses = [.. progress.Reports.Select(r => r.ValidationLoss).OfType<double>()];
        Assert.Equal(4, losses.Length);
        Assert.True(losses[^1] < losses[0], $"{string.Join(", ", losses)}");
        ProgressList seldom = Fit(every: 40, patience: 0);
        Assert.Equal(progress.Reports.Select(r => r.Loss), seldom.Reports.Select(r => r.Loss));

        // The same weights, the same noise and times: the same number.
        Assert.Equal(losses[^1], seldom.Reports[^1].ValidationLoss);
    }

    [Fact]
    public void Fit_LossThatStopsFalling_StopsEarlyAndIsNotPartial()
    {
        ProgressList progress = new();
        GMemOptions options = Options(every: 1, patience: 2, learningRate: 1e-12);
        options.Training.EmaDecay = 0;
        options.Training.EmaWarmUp = false;
        using TrainingImages images = TinyModel.Images();
        using GMemModel model = GMemModel.Fit(images, options, torch.CPU, progress);

        // At such a learning rate no weight changes, so no evaluation is better than the first.
        Assert.Equal(3, progress.Reports.Count);
        Assert.Equal((3, false), (model.TrainedSteps, model.IsPartial));
    }

    [Fact]
    public void Fit_PatienceWithoutImages_IsAFault()
    {
        GMemOptions options = Options(every: 1, patience: 2);
        options.Training.ValidationFraction = 0;
        Assert.Contains("EarlyStoppingPatience is 2, it must be 0 unless ValidationFraction is above 0", Assert.Throws<ArgumentException>(
            options.Validate).Message, StringComparison.Ordinal);
    }

    private static GMemOptions Options(int every, int patience, double learningRate = 1e-3)
    {
        GMemOptions options = TinyModel.Options(steps: 40);
        options.Training.LearningRate = learningRate;
        options.Training.ValidationFraction = 0.25;
        options.Training.ValidateEveryNStep = every;
        options.Training.EarlyStoppingPatience = patience;
        return options;
    }

    private static ProgressList Fit(int every, int patience)
    {
        ProgressList progress = new();
        TinyModel.Train(Options(every, patience), progress).Dispose();
        return progress;
    }
}

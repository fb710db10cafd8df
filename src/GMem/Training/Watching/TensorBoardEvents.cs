namespace GMem.Training;

/// <summary>
/// A run's numbers and sample grids as TensorBoard events (<c>tensorboard --logdir workspace</c>). A continued run writes another file.
/// </summary>
internal sealed class TensorBoardEvents(string folder)
{
    private readonly SummaryWriter _writer = torch.utils.tensorboard.SummaryWriter(folder);

    public void Add(TrainingProgress progress)
    {
        Add("loss/total", progress.Loss, progress.Step);
        foreach (LossValue term in progress.LossTerms)
        {
            Add($"loss/{term.Name}", term.Value, progress.Step);
        }

        Add("loss/validation", progress.ValidationLoss, progress.Step);
        foreach (LossValue term in progress.ValidationTerms)
        {
            Add($"validation/{term.Name}", term.Value, progress.Step);
        }

        Add("quality/frechet distance", progress.Quality?.FrechetDistance, progress.Step);
        Add("quality/copy share", progress.Quality?.CopyShare, progress.Step);
        Add("quality/seconds", progress.Quality?.Seconds, progress.Step);
        Add("quality/augmentation probability", progress.AugmentationProbability, progress.Step);
        Add("optimizer/gradient norm", progress.GradientNorm, progress.Step);
        Add("optimizer/learning rate", progress.LearningRate, progress.Step);
        Add("optimizer/skipped steps", progress.SkippedSteps, progress.Step);
        Add("speed/images per second", progress.ImagesPerSecond, progress.Step);
        Add("speed/own cost", progress.OwnCost, progress.Step);
        Add("speed/resident bytes", progress.ResidentMemory, progress.Step);
    }

    /// <summary>
    /// Adds a picture from its file. (Given a tensor, TorchSharp computes with scalars that a garbage collection may free.)
    /// </summary>
    /// <param name="grid">A PNG file.</param>
    /// <param name="step">Steps done.</param>
    public void Add(string grid, long step) => _writer.add_img("samples", grid, (int)step, Now);

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private void Add(string tag, double? value, long step)
    {
        if (value is { } number)
        {
            _writer.add_scalar(tag, (float)number, (int)step, Now);
        }
    }
}

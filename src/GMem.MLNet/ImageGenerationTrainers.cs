namespace GMem.MLNet;

/// <summary>What <c>mlContext.ImageGeneration.Trainers</c> offers.</summary>
public sealed class ImageGenerationTrainers
{
    private readonly MLContext _mlContext;

    internal ImageGenerationTrainers(MLContext mlContext) => _mlContext = mlContext;

    /// <summary>A <see cref="GMemTrainer"/> with the few settings that matter first.</summary>
    /// <param name="imageColumnName">Column of training images: paths, <c>MLImage</c> or encoded bytes. Default <c>ImagePath</c>.</param>
    /// <param name="imageSize">Side of the square images in pixels, a multiple of the network's patch size (4). Default 32.</param>
    /// <param name="snippetColumnName">
    /// Column of snippets of your own, vectors of <see cref="float"/> of one size; null (default) has the built-in encoder make them.
    /// </param>
    /// <param name="labelColumnName">
    /// Column of labels (text or key) to keep with the memory's entries; null reads none. Default <c>Label</c>, which may be absent.
    /// </param>
    /// <param name="totalSteps">
    /// Optimizer steps. At least 1. Default: that of <see cref="GMem.Training.TrainingOptions.TotalSteps"/>.
    /// </param>
    /// <param name="batchSize">
    /// Images a step. At least 1, and not more than there are images. Default: 64, or all images where there are fewer
    /// (<see cref="GMem.Training.TrainingOptions.BatchSize"/>).
    /// </param>
    /// <param name="learningRate">Learning rate. Above 0. Default: that of the training options.</param>
    /// <returns>The trainer; nothing happens before <see cref="GMemTrainer.Fit"/>.</returns>
    /// <exception cref="ArgumentException">A setting is not valid; the message names every one.</exception>
    public GMemTrainer GMem(
        string imageColumnName = "ImagePath",
        int imageSize = 32,
        string? snippetColumnName = null,
        string? labelColumnName = GMemTrainer.Options.DefaultLabelColumnName,
        long? totalSteps = null,
        int? batchSize = null,
        double? learningRate = null)
    {
        GMemTrainer.Options options = new()
        {
            ImageColumnName = imageColumnName,
            ImageSize = imageSize,
            SnippetColumnName = snippetColumnName,
            LabelColumnName = labelColumnName,
        };
        options.Training.TotalSteps = totalSteps ?? options.Training.TotalSteps;
        options.Training.BatchSize = batchSize ?? options.Training.BatchSize;
        options.Training.LearningRate = learningRate ?? options.Training.LearningRate;
        return GMem(options);
    }

    /// <summary>A <see cref="GMemTrainer"/> with every setting.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <returns>The trainer; nothing happens before <see cref="GMemTrainer.Fit"/>.</returns>
    /// <exception cref="ArgumentException">A setting is not valid; the message names every one.</exception>
    public GMemTrainer GMem(GMemTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new GMemTrainer(_mlContext, options);
    }
}

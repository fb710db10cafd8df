using Microsoft.ML;

namespace GMem.MLNet;

/// <summary>What <c>mlContext.ImageGeneration</c> offers.</summary>
public sealed partial class ImageGenerationCatalog
{
    private readonly MLContext _mlContext;

    internal ImageGenerationCatalog(MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        _mlContext = mlContext;
        Trainers = new ImageGenerationTrainers(mlContext);
    }

    /// <summary>The trainers.</summary>
    public ImageGenerationTrainers Trainers { get; }

    /// <summary>
    /// Puts a model into a pipeline: one that was made without ML.NET, for instance of an official checkpoint
    /// (<see cref="GMemModel.FromCheckpoint"/>).
    /// </summary>
    /// <param name="model">The model. It stays yours; the transformer shares its network, so dispose both.</param>
    /// <param name="generation">Columns and batch size; copied. Null for the defaults.</param>
    /// <param name="firstSeed">The seed of row 0 where there is no seed column; the others count up from it. Default 0.</param>
    /// <returns>The transformer, which saves into a <c>model.zip</c>.</returns>
    /// <exception cref="ArgumentException">The options are not valid; the message names every fault.</exception>
    public GMemTransformer FromModel(GMemModel model, GenerationOptions? generation = null, long firstSeed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        generation ??= new GenerationOptions();
        generation.Validate();

        // A handle of the transformer's own, so that each can be disposed by itself.
        return new GMemTransformer(model.WithSampling(model.Sampling), generation, firstSeed);
    }

    /// <summary>Rows that ask for images by seed alone.</summary>
    /// <param name="count">How many images. At least 1.</param>
    /// <param name="seed">Seed of the first; the others count up from it: <c>seed + 1</c>, <c>seed + 2</c>, ... Default 0.</param>
    /// <returns>
    /// A view with the columns of <see cref="PromptRow"/>: <c>Seed</c>, and the others saying that nothing but the seed is given.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The count is below 1, or the seeds would leave the range of <see cref="long"/>.
    /// </exception>
    public IDataView CreatePrompts(int count, long seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seed, long.MaxValue - (count - 1));
        PromptRow[] rows = [.. Enumerable.Range(0, count).Select(i => new PromptRow { Seed = seed + i })];
        return _mlContext.Data.LoadFromEnumerable(rows);
    }
}

using GMem.Images;

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

    /// <summary>
    /// Training images and their labels from a folder (the name of a subfolder is the label of its images), a zip, a WebDataset tar, a
    /// Parquet file, a list (TSV or CSV), or several of them by a pattern.
    /// </summary>
    /// <param name="path">What <see cref="ImageCollection.Enumerate"/> takes.</param>
    /// <returns>A view with the columns <c>ImagePath</c> and <c>Label</c>. Images are read when it is trained on.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder or file.</exception>
    /// <exception cref="InvalidDataException">It is a file of another kind, damaged, or has no image.</exception>
    /// <remarks>
    /// What was found and what was ignored goes to <c>MLContext.Log</c>; what may be pictures that are missed, as warnings.
    /// <see cref="ImageCollection.Enumerate"/> gives the list.
    /// </remarks>
    public IDataView LoadImages(string path)
    {
        ImageListing images = ImageCollection.Enumerate(path);
        using IChannel channel = ((IHostEnvironment)_mlContext).Start(nameof(LoadImages));
        channel.Info(MessageSensitivity.UserData, $"Found {images.Count} images in '{path}'; {images.IgnoredByReason()}.");
        foreach (string warning in images.Warnings)
        {
            channel.Warning(MessageSensitivity.UserData, warning);
        }

        return _mlContext.Data.LoadFromEnumerable(images);
    }

    /// <summary>Rows that ask for images, each from a seed of its own, with at most one of label, image and memory index.</summary>
    /// <param name="count">How many images. At least 1.</param>
    /// <param name="seed">Seed of the first; the others count up from it: <c>seed + 1</c>, <c>seed + 2</c>, ... Default 0.</param>
    /// <param name="label">A label for all of them; null for none. Default null.</param>
    /// <param name="image">Path of an image whose snippet is used for all of them; null for none. Default null.</param>
    /// <param name="memoryIndex">An entry of the memory bank for all of them; null lets each seed pick one. Default null.</param>
    /// <returns>
    /// A view with the columns of <see cref="PromptRow"/>: <c>Seed</c>, and the others as given.
    /// </returns>
    /// <exception cref="ArgumentException">More than one of label, image and memory index is given.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The count is below 1, the memory index is negative, or the seeds would leave the range of <see cref="long"/>.
    /// </exception>
    public IDataView CreatePrompts(int count, long seed = 0, string? label = null, string? image = null, long? memoryIndex = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seed, long.MaxValue - (count - 1));
        ArgumentOutOfRangeException.ThrowIfNegative(memoryIndex ?? 0, nameof(memoryIndex));
        if (new object?[] { label, image, memoryIndex }.Count(given => given is not null) > 1)
        {
            throw new ArgumentException("Give at most one of label, image and memoryIndex: each of them says which snippet to use.");
        }

        // Made as they are read: a count may be large.
        return _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new PromptRow
        {
            Seed = seed + i,
            PromptLabel = label ?? "",
            PromptImage = image ?? "",
            MemoryIndex = memoryIndex ?? -1,
        }));
    }
}

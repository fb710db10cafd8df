using GMem.Distributed;
using GMem.Latents;
using GMem.MLNet.Generation;
using GMem.MLNet.Persistence;
using GMem.MLNet.Training;
using GMem.Runtime;
using GMem.Training;
using TorchSharp;

namespace GMem.MLNet;

/// <summary>Trains an image generator with an explicit memory (GMem) on a column of images.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
/// To create this trainer, use [GMem](xref:GMem.MLNet.ImageGenerationTrainers) of `mlContext.ImageGeneration.Trainers`.
///
/// ### Input and output columns
/// The image column is text (the path of a file, also inside a zip or tar: `photos.zip/cat/1.jpg`, or a row of a Parquet file:
/// `data.parquet/17`), an `MLImage`, or the bytes of an encoded file (a vector of `Byte`). Images are cropped to their centre square and
/// scaled to `ImageSize`, or to `ImageWidth` x `ImageHeight`, or padded (`ImageFit`); they are RGB, grey or RGBA (`ImageChannels`).
/// An optional column of snippets is a vector of `Single` of one known size, one for each image, from any featurizer upstream; prompt rows
/// may have the same column. Without it snippets are made by `Options.Featurizer`, any ML.NET estimator from an image to a vector, or by an
/// encoder (by default principal components of the pixels); either is kept in the model, and encodes the images of prompts.
///
/// An optional column of labels (text or key) is kept with the memory's entries; the network sees it only where `Network.Conditions`
/// has a `LabelCondition`.
///
/// The trained transformer reads prompts, all of them optional and at most one of the last four in a row, and writes:
///
/// | Column | Type | Direction | Meaning |
/// | -- | -- | -- | -- |
/// | `Seed` | any integer | prompt | fixes the noise, and the memory entry where none is given |
/// | `MemoryIndex` | any integer | prompt | an entry of the memory bank, or -1 |
/// | `Snippet` | vector of `Single` | prompt | a snippet to use instead of an entry, or empty |
/// | `PromptLabel` | text or key | prompt | a label, among whose entries the seed picks, or empty |
/// | `PromptImage` | `MLImage`, text (a path) or bytes | prompt | an image whose snippet is used (by the model's encoder), or empty |
/// | `GeneratedImage` | `MLImage` | output | the image, `ImageSize` x `ImageSize`, or `ImageWidth` x `ImageHeight` |
/// | `MemoryIndex` | `Int64` | output | the entry used, or -1 where a snippet or an image was given |
/// | `Seed` | `Int64` | output | the seed used |
/// | `MemoryLabel` | text | output | the entry's label, or empty |
/// | `MemoryCosine` | `Single` | output | cosine of the snippet used to the nearest entry; 1 where it is an entry's |
///
/// ### Trainer characteristics
/// | | |
/// | -- | -- |
/// | Machine learning task | Image generation |
/// | Is normalization required? | No |
/// | Is caching required? | No: every row is read once, and the images are kept as bytes, in memory or in files of `WorkspacePath` |
/// | Required NuGet in addition to Microsoft.ML | GMem.MLNet, and a native libtorch (for instance libtorch-cpu-linux-x64) |
/// | Exportable to ONNX | No |
/// | Runs on | CPU or an NVIDIA GPU (`MLContext.GpuDeviceId`; null takes the first GPU if there is one) |
///
/// ### Training algorithm
/// A memory bank is built from the images: one unit vector (snippet) for each. A transformer network (SiT) is trained by flow matching
/// to turn noise into an image, given its snippet. Afterwards snippets are drawn from the bank, which can be edited without training.
/// Sources: "Generative Modeling with Explicit Memory" (arXiv 2412.08781), "SiT" (arXiv 2401.08740).
///
/// The same seed of the `MLContext` gives the same model, bit for bit on one machine's CPU. Progress goes to `MLContext.Log` and to
/// `Options.Progress`. Several processes, started by `mpirun`, train one model together with `Options.Ranks`.
/// ]]></format>
/// </remarks>
public sealed partial class GMemTrainer : IEstimator<GMemTransformer>
{
    private const string Name = "GMem";

    private readonly MLContext _mlContext;
    private readonly IHost _host;
    private readonly Options _options;

    internal GMemTrainer(MLContext mlContext, Options options)
    {
        options.Validate();
        _mlContext = mlContext;
        _options = options.Copy();
        _host = ((IHostEnvironment)mlContext).Register(Name);

        // Drawn once, so that fitting the same trainer twice gives the same model. Without a seed, a resumed run keeps the one it began
        // with.
        if (_options.Training.Seed == 0)
        {
            long? begun = EnvironmentSeed.IsGiven((IHostEnvironment)mlContext) ? null : TrainingOptions.SeedOfRun(_options.WorkspacePath);
            _options.Training.Seed = begun ?? _host.Rand.Next();
        }

        if (_options.Ranks is { } ranks)
        {
            // A seed that was drawn is another one on every rank.
            _options.Training.Seed = ranks.Broadcast(_options.Training.Seed);
            _options.ReadingProgress = ranks.Rank == 0 ? _options.ReadingProgress : null;
        }
    }

    /// <summary>
    /// The seed of the run: <see cref="TrainingOptions.Seed"/>, or, where that is 0, the one drawn from the <see cref="MLContext"/>. With
    /// it the same model can be trained again.
    /// </summary>
    public long Seed => _options.Training.Seed;

    /// <summary>The columns that the trained transformer will give for an input of these columns.</summary>
    /// <param name="inputSchema">The input's columns.</param>
    /// <returns>The output's columns.</returns>
    /// <exception cref="ArgumentException">A column is missing or of a type that cannot be used.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        TrainingColumns.Check(inputSchema, _options);
        return GenerationSchema.Promise(inputSchema, _options.Generation, _options.ImageShape);
    }

    /// <summary>Reads all images and trains on them.</summary>
    /// <param name="input">The training data, at least one row, and at least one batch where the size of a batch is given.</param>
    /// <returns>The trained transformer, partial where training was cancelled. Dispose it to free the network.</returns>
    /// <exception cref="ArgumentException">
    /// A column is missing or of the wrong type, there are fewer images than one batch (or none), or the options do not fit the images.
    /// </exception>
    /// <exception cref="FileNotFoundException">An image file is missing, and <see cref="Options.BadImages"/> is Throw.</exception>
    /// <exception cref="InvalidDataException">
    /// A snippet is not valid; or an image cannot be read, and <see cref="Options.BadImages"/> is Throw. The message names the file or the
    /// row.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// <see cref="Options.CancellationToken"/> was cancelled before the first step, or the options say to throw.
    /// </exception>
    /// <exception cref="IOException">The workspace cannot be written, or another run is using it.</exception>
    /// <exception cref="GMemRuntimeException">libtorch or the GPU asked for is not there.</exception>
    public GMemTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        TrainingColumns columns = new(input.Schema, _options);
        _ = CheckMemory();
        IChannel channel = _host.Start("Training");
        try
        {
            return Run(input, columns, channel);
        }
        finally
        {
            Close(channel);
        }
    }

    /// <summary>Checks, before any image is read, whether the training fits into memory. <see cref="Fit"/> does so by itself.</summary>
    /// <returns>What it will take.</returns>
    /// <exception cref="ArgumentException">The options do not fit the image size.</exception>
    /// <exception cref="InsufficientMemoryException">
    /// The training cannot fit; the message says which options would make it fit.
    /// </exception>
    /// <exception cref="GMemRuntimeException">libtorch or the GPU asked for is not there.</exception>
    public TrainingEstimate CheckMemory() => GMemModel.CheckMemory(_options.ToModelOptions(), _options.ImageShape, Device());

    /// <summary>Measures how long a training step takes on this machine (<see cref="GMemModel.MeasureStep"/>).</summary>
    /// <returns>The time of a step; null where it is not known.</returns>
    /// <exception cref="ArgumentException">The options do not fit the image size.</exception>
    /// <exception cref="InsufficientMemoryException">The training cannot fit.</exception>
    /// <exception cref="OperationCanceledException"><see cref="Options.CancellationToken"/> was cancelled.</exception>
    /// <exception cref="GMemRuntimeException">libtorch or the GPU asked for is not there.</exception>
    public TimeSpan? MeasureStep() =>
        GMemModel.MeasureStep(_options.ToModelOptions(), _options.ImageShape, Device(), _options.CancellationToken);

    private torch.Device Device() =>
        GMemRuntime.SelectDevice(_mlContext.GpuDeviceId ?? _options.Ranks?.GpuDeviceId, _mlContext.FallbackToCpu);

    private GMemTransformer Run(IDataView input, TrainingColumns columns, IChannel channel)
    {
        torch.Device device = Device();
        GMemOptions model = _options.ToModelOptions();
        model.Network = columns.WithNames(model.Network);
        using TrainingImages images = (_options.Ranks ?? RankGroup.Alone).EndAllIfStopped(
            () => TrainingImageReader.Read(input, columns, _options, channel), "stopped before the first step; nothing was kept.");
        channel.Info(MessageSensitivity.None, $"Training on {device} with seed {_options.Training.Seed}.");
        model.EncodingProgress = new EncodingLog(channel, _options.EncodingProgress);
        GMemModel trained = GMemModel.Fit(images, model, device, new TrainingLog(channel, _options.Progress), _options.CancellationToken);
        return new GMemTransformer(trained, _options.Generation, _options.Training.Seed, TrainedColumns.Of(_options));
    }

    /// <summary>The log is told of the end; a handler that throws then must not cost the model.</summary>
    private static void Close(IChannel channel)
    {
        try
        {
            channel.Dispose();
        }
        catch (Exception)
        {
            // There is no other log to say it in.
        }
    }
}

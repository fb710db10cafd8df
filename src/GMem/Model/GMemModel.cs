using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Distributed;
using GMem.Encoders;
using GMem.Images;
using GMem.Latents;
using GMem.Memory;
using GMem.Sampling;
using GMem.Training;

namespace GMem;

/// <summary>A trained generator: network, memory bank, encoder, and how to sample. Thread-safe for generation.</summary>
/// <remarks>
/// Models that differ only in their bank or sampling share one network; it is freed when the last of them is disposed. Disposing is safe
/// while other threads use the model: an operation in progress finishes, one that begins later throws an
/// <see cref="ObjectDisposedException"/>.
/// Method: "Generative Modeling with Explicit Memory", arXiv 2412.08781.
/// </remarks>
public sealed partial class GMemModel : IDisposable
{
    private int _disposed;

    private readonly MemoryBank? _memory;

    internal GMemModel(ModelCore core, MemoryBank? memory, SamplingOptions sampling)
    {
        Core = core;
        _memory = memory;
        Sampling = sampling;
    }

    /// <summary>Height, width and channels of the images, and how pictures of prompts are made to fit.</summary>
    public ImageShape ImageShape => Core.ImageShape;

    /// <summary>Whether the network is conditioned on snippets, so that the model has a memory bank.</summary>
    public bool HasMemory => _memory is not null;

    /// <summary>The memory bank.</summary>
    /// <exception cref="InvalidOperationException">The model has none (<see cref="HasMemory"/>).</exception>
    public MemoryBank Memory => _memory ?? throw new InvalidOperationException(
        "This model has no memory: its network is not conditioned on snippets.");

    /// <summary>The names of the classes, in the order of their numbers; none for a network that is not conditioned on labels.</summary>
    public IReadOnlyList<string> ClassNames =>
        Core.Network.Conditions.OfType<LabelCondition>().FirstOrDefault() is { } labels ? [.. labels.Names()] : [];

    /// <summary>The encoder by which the bank was made; null where the user brought the snippets.</summary>
    public SnippetEncoder? Encoder => Core.Encoder;

    /// <summary>
    /// What turns images into the network's data and back. Shared by all models of this network: change nothing of it. It lives as long as
    /// they do.
    /// </summary>
    public ImageAutoencoder Autoencoder => Core.Autoencoder;

    /// <summary>How images are made; <see cref="WithSampling"/> gives a model with other options.</summary>
    public SamplingOptions Sampling { get; }

    /// <summary>Where the network is.</summary>
    public torch.Device Device => Core.Device;

    /// <summary>Steps that the network was trained; 0 where a file from before this was written down does not say.</summary>
    public long TrainedSteps => Core.Outcome.TrainedSteps;

    /// <summary>Whether training was cancelled before its last step, so that this is what was learned until then.</summary>
    public bool IsPartial => Core.Outcome.IsPartial;

    internal ModelCore Core { get; }

    /// <summary>
    /// Trains a model: encoder, memory bank, then the network. With a <see cref="GMemOptions.WorkspacePath"/>, doing the same again
    /// continues a run that was stopped or killed, and on the CPU gives the same numbers as a run that never was.
    /// </summary>
    /// <param name="images">At least one, and at least one batch where the size of a batch is given. Not disposed.</param>
    /// <param name="options">What to train and how. Copied.</param>
    /// <param name="device">Where to train, from <see cref="GMemRuntime.SelectDevice"/>.</param>
    /// <param name="progress">
    /// Told every <see cref="TrainingOptions.LogEveryNStep"/> steps, on the training thread. If it throws, training goes on, and a
    /// later report, or that of the workspace, says so.
    /// </param>
    /// <param name="cancellationToken">
    /// Stops the run at the next step; what it gives then, <see cref="TrainingOptions.OnCancellation"/> says.
    /// </param>
    /// <returns>
    /// The trained model, on <paramref name="device"/>; its weights are the moving average. Of a cancelled run, <see cref="IsPartial"/> is
    /// true.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The options or the images do not fit, or the workspace holds a run with others; the message says which and why.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was stopped before its first step, or is to throw when stopped.</exception>
    /// <exception cref="InvalidOperationException">Training diverged; the message says what was seen and what to change.</exception>
    /// <exception cref="IOException">The workspace cannot be written, or another run is using it.</exception>
    /// <exception cref="InsufficientMemoryException">
    /// The run cannot fit into memory; the message says which options would make it fit.
    /// </exception>
    public static GMemModel Fit(
        TrainingImages images,
        GMemOptions options,
        torch.Device device,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        GMemRuntime.EnsureLoaded();
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        options.Validate();
        GMemOptions copy = options.Clone();
        using UseScope imagesUse = images.Use();
        using UseScope initialUse = copy.InitialModel is { } initial ? initial.Use() : default;
        RankGroup ranks = ModelFitting.Agree(copy, device, images);
        using PreparedTraining data = RankAgreement.Prepare(
            ranks, () => new ImagePreparation(images, copy, device, cancellationToken).Run());
        return new ModelFitting(data, copy, device, ranks.Rank == 0 ? progress : null, cancellationToken).Run();
    }

    /// <summary>Checks, before any image is read, whether a training run fits into memory.</summary>
    /// <param name="options">What to train and how.</param>
    /// <param name="images">Shape of the training images; a number is the side of a square in RGB.</param>
    /// <param name="device">Where to train.</param>
    /// <returns>What it will take.</returns>
    /// <exception cref="ArgumentException">The options are not valid, or the shape of the images does not fit them.</exception>
    /// <exception cref="InsufficientMemoryException">
    /// The run cannot fit; the message says which options would make it fit.
    /// </exception>
    public static TrainingEstimate CheckMemory(GMemOptions options, ImageShape images, torch.Device device)
    {
        GMemRuntime.EnsureLoaded();
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        options.Validate();
        images.Validate();
        SiTOptions network = new NetworkPlan(options, images.Channels).NetworkFor(images);
        network.Validate();
        return MemoryBudget.Check(network, options.Training, device, ranks: options.Ranks);
    }

    /// <summary>
    /// Measures how long a training step takes on this machine: a few real steps of the real network, on made-up data. Nothing is read,
    /// encoded or kept. Takes some seconds, at most about twenty.
    /// </summary>
    /// <param name="options">What to train and how. Copied.</param>
    /// <param name="images">Shape of the training images; a number is the side of a square in RGB.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="cancellationToken">Stops the measurement.</param>
    /// <returns>
    /// The time of a step, without reports, samples and checkpoints; null where it is not known, because steps are too slow to make two of
    /// them, or the network has a condition of your own, for which no values can be made up.
    /// </returns>
    /// <exception cref="ArgumentException">The options are not valid, or the shape of the images does not fit them.</exception>
    /// <exception cref="InsufficientMemoryException">The run cannot fit.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TimeSpan? MeasureStep(
        GMemOptions options, ImageShape images, torch.Device device, CancellationToken cancellationToken = default)
    {
        _ = CheckMemory(options, images, device);
        GMemOptions copy = options.Clone();
        using UseScope initialUse = copy.InitialModel is { } initial ? initial.Use() : default;
        return StepMeasurement.Run(copy, images, device, cancellationToken);
    }

    /// <summary>Generates one image a request. Each depends on its own request alone, not on the batch it is made in.</summary>
    /// <param name="requests">What to generate; all are made at once.</param>
    /// <param name="cancellationToken">Stops between solver steps.</param>
    /// <returns>The images, in the order of the requests.</returns>
    /// <exception cref="ArgumentException">
    /// A request is not valid for this model; the message says which and why, and nothing is generated.
    /// </exception>
    public IReadOnlyList<GeneratedImage> Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using UseScope use = Use();
        return ImageGeneration.Generate(this, requests, cancellationToken);
    }

    /// <summary>
    /// Generates together with other ranks, each its part of the requests. The images are the same, bit for bit, as one process makes on a
    /// CPU of the same kind.
    /// </summary>
    /// <param name="requests">What to generate, the same on all ranks; each makes its part at once.</param>
    /// <param name="ranks">Who generates together; all must call this.</param>
    /// <param name="cancellationToken">Stops between solver steps; the others then wait for this rank, so end them.</param>
    /// <returns>On rank 0 the images in the order of the requests; none on the others.</returns>
    /// <exception cref="ArgumentException">A request is not valid for this model.</exception>
    /// <exception cref="IOException">MPI failed.</exception>
    public IReadOnlyList<GeneratedImage> Generate(
        IReadOnlyList<GenerationRequest> requests, RankGroup ranks, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(ranks);
        using UseScope use = Use();
        _ = new ResolvedPrompts(this, requests);
        return RankGeneration.Run(this, requests, ranks, cancellationToken);
    }

    /// <summary>Checks one request without generating.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="ArgumentException">It is not valid for this model; the message says why.</exception>
    public void Validate(GenerationRequest request)
    {
        using UseScope use = Use();
        _ = new ResolvedPrompts(this, [request]);
    }

    /// <summary>The entry that an image of this request is made from; nothing is generated.</summary>
    /// <param name="request">The request.</param>
    /// <returns>
    /// Index, id, label and source of the entry; null where the request brings its own snippet or image, or the model has no memory.
    /// </returns>
    /// <exception cref="ArgumentException">The request is not valid for this model; the message says why.</exception>
    public MemoryEntry? EntryOf(GenerationRequest request)
    {
        using UseScope use = Use();
        return new ResolvedPrompts(this, [request]).EntryOf(0);
    }

    /// <summary>The label that an image of this request is made for; nothing is generated.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The requested label, else that of the entry, else the class that the seed chooses; null where there is none.</returns>
    /// <exception cref="ArgumentException">The request is not valid for this model; the message says why.</exception>
    public string? LabelOf(GenerationRequest request)
    {
        using UseScope use = Use();
        return new ResolvedPrompts(this, [request]).LabelOf(0);
    }

    /// <summary>
    /// How near the snippets of requests are to what is in the bank: a number near 1 says that the model is asked for something it
    /// remembers.
    /// </summary>
    /// <param name="requests">The requests; those with a snippet of their own are searched for together.</param>
    /// <returns>For each the cosine, -1 to 1, of its snippet to the nearest entry; 1 where the snippet is an entry's.</returns>
    /// <exception cref="ArgumentException">A request is not valid for this model; the message says which and why.</exception>
    public IReadOnlyList<float> NearestCosines(IReadOnlyList<GenerationRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using UseScope use = Use();
        return ImageGeneration.NearestCosines(this, requests);
    }

    /// <summary>
    /// Turns images into snippets as training did: each is brought to <see cref="ImageShape"/> (<see cref="CenterCrop.Apply"/>), or cut to
    /// its aspect ratio where the encoder wants the resolution that it has (<see cref="SnippetEncoder.UsesSourceResolution"/>), and goes in
    /// RGB through the model's own <see cref="Encoder"/>. An image gives the same snippet whatever others come with it.
    /// </summary>
    /// <param name="images">At least one, of any sizes.</param>
    /// <returns>
    /// float32 <c>[B, m]</c> on the CPU, rows of unit length, for <see cref="MemoryBank.Add"/>, <see cref="MemoryBank.Nearest"/> or a
    /// request; dispose it.
    /// </returns>
    /// <exception cref="InvalidOperationException">The model was trained on snippets brought by the user and has no encoder.</exception>
    /// <exception cref="ArgumentException">There is no image.</exception>
    public torch.Tensor Encode(params IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using UseScope use = Use();
        SnippetEncoder encoder = Encoder ?? throw new InvalidOperationException(
            "This model has no encoder: it was trained on snippets of your own. Make the image's snippet as you made those, and give it "
                + "as a snippet.");
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        using UseScope encoderUse = encoder.Use();
        torch.Tensor[] snippets =
        [
            .. images.Select(image => encoder.Encode(ImageTensors.ToTensor([
                encoder.UsesSourceResolution ? CenterCrop.RgbPart(image, ImageShape)
                    : CenterCrop.Apply(image, ImageShape).ToChannels(ImageShape.Rgb)]))),
        ];
        return snippets.Length > 0
            ? torch.cat(snippets).MoveToOuterDisposeScope()
            : throw new ArgumentException("There are no images to encode.", nameof(images));
    }

    /// <summary>The same of image files, one after the other, so that one image at a time is in memory.</summary>
    /// <param name="paths">At least one path, also of images inside a zip.</param>
    /// <returns>float32 <c>[B, m]</c> on the CPU, rows of unit length; dispose it.</returns>
    /// <exception cref="InvalidOperationException">The model has no encoder.</exception>
    /// <exception cref="ArgumentException">There is no path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read; the message names it.</exception>
    public torch.Tensor EncodeFiles(params IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        bool whole = Encoder?.UsesSourceResolution == true;
        torch.Tensor[] snippets =
        [
            .. paths.Select(path => Encode(
                whole ? ImageReader.ReadWhole(path, ImageShape.Channels) : ImageReader.ReadFile(path, ImageShape))),
        ];
        return snippets.Length > 0
            ? torch.cat(snippets).MoveToOuterDisposeScope()
            : throw new ArgumentException("There are no images to encode.", nameof(paths));
    }

    /// <summary>The same network with another bank; nothing is retrained, and this model stays as it is.</summary>
    /// <param name="memory">The bank, of the same dimension.</param>
    /// <returns>A model that shares this one's network. Dispose both.</returns>
    /// <exception cref="ArgumentException">The bank is of another dimension, or empty.</exception>
    public GMemModel WithMemory(MemoryBank memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ThrowIfDisposed();
        if (memory.Dimension != Memory.Dimension)
        {
            throw new ArgumentException(
                $"The bank has snippets of {memory.Dimension} entries, but the network takes {Memory.Dimension}.", nameof(memory));
        }

        return memory.Count > 0
            ? new GMemModel(Core.Share(), memory, Sampling)
            : throw new ArgumentException("The bank is empty; a model needs at least one entry to draw from.", nameof(memory));
    }

    /// <summary>The same network and bank, sampled in another way.</summary>
    /// <param name="sampling">How. Copied.</param>
    /// <returns>A model that shares this one's network. Dispose both.</returns>
    /// <exception cref="ArgumentException">
    /// The options are not valid, the message names every fault; or they are those of a flow map, and the model is none.
    /// </exception>
    public GMemModel WithSampling(SamplingOptions sampling)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        ThrowIfDisposed();
        sampling.Validate();
        NetworkPlan.RequireSampling(sampling, Network);
        return new GMemModel(Core.Share(), _memory, sampling);
    }

    /// <summary>
    /// The model of the average of another width, put together from the snapshots of its run; nothing is trained (arXiv 2312.02696, section
    /// 3.2).
    /// </summary>
    /// <param name="workspacePath">
    /// The <see cref="GMemOptions.WorkspacePath"/> in which this model was trained with two
    /// <see cref="TrainingOptions.PowerAverageWidths"/>.
    /// </param>
    /// <param name="width">
    /// The relative width, in (0, 0.28]: the standard deviation of the steps averaged over, as a share of the run. Widths near the two that
    /// were kept are the most exact.
    /// </param>
    /// <returns>A model with a network of its own that shares bank and encoder. Dispose both.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The width is out of range.</exception>
    /// <exception cref="InvalidDataException">The workspace has no such snapshots, or they are of another network.</exception>
    public GMemModel WithAverage(string workspacePath, double width)
    {
        ArgumentException.ThrowIfNullOrEmpty(workspacePath);
        using UseScope use = Use();
        if (!(width is > 0 and <= 0.28))
        {
            throw new ArgumentOutOfRangeException(nameof(width), width, "The relative width of an average must be in (0, 0.28].");
        }

        (torch.Tensor average, IReadOnlySet<string>? parameters) = PostHocAverage.Of(workspacePath, width, TrainedSteps);
        using (average)
        {
            return new GMemModel(
                Core.Adapter is { } adapted
                    ? Core.Plain.WithAdapter(adapted.Adapter.With(average), adapted.Strength)
                    : Core.WithNetwork(FlatParameters.CopyOf(Core.Network, average, parameters, Device)),
                _memory, Sampling);
        }
    }

    /// <summary>Ends this model's use of the network; images that are being generated are finished first.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Core.Uses.Remove();
        }
    }

    /// <summary>Keeps the network, the encoder and the autoencoder from being freed.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    internal UseScope Use()
    {
        ThrowIfDisposed();
        Core.Uses.Add();
        return new UseScope(Core.Uses);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed != 0, this);
}

using GMem.Backbone;
using GMem.Distributed;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Sampling;
using GMem.Training;

namespace GMem;

/// <summary>From prepared data to a trained model.</summary>
internal sealed class ModelFitting(
    PreparedTraining data, GMemOptions options, torch.Device device, IProgress<TrainingProgress>? progress,
    CancellationToken cancellationToken)
{
    private const int FlowMapSteps = 4;

    private readonly RankGroup _ranks = options.Ranks ?? RankGroup.Alone;

    /// <summary>How the model makes images: a flow map in few steps, unless something else was asked for.</summary>
    private SamplingOptions Sampling => options.Training.FlowMap is not null && options.Sampling == new SamplingOptions()
        ? options.Sampling with { Kind = SamplerKind.FlowMap, Steps = FlowMapSteps }
        : options.Sampling;

    /// <summary>What ranks must have alike before any of them reads an image.</summary>
    /// <param name="options">What to train and how.</param>
    /// <param name="device">Where this rank trains.</param>
    /// <param name="images">What all encode together, whose sizes must be the same; null where nothing is encoded.</param>
    /// <returns>The ranks that train together.</returns>
    /// <exception cref="RanksDifferException">They were given different options, or data of different sizes.</exception>
    public static RankGroup Agree(GMemOptions options, torch.Device device, TrainingImages? images = null)
    {
        RankGroup ranks = options.Ranks ?? RankGroup.Alone;
        if (ranks.Size > 1)
        {
            ranks.RequireSame(RunDescription.OfOptions(options, device, images));
        }

        options.EncodingProgress = ranks.Rank == 0 ? options.EncodingProgress : null;
        return ranks;
    }

    public GMemModel Run()
    {
        SiT sit = Network();
        try
        {
            FixShards();
            bool isDescribed = options.WorkspacePath is not null || _ranks.Size > 1;
            IReadOnlyDictionary<string, string>? run = isDescribed ? RunDescription.Of(options, data) : null;
            _ranks.RequireSame(run ?? new Dictionary<string, string>());
            using RidgeSource? source = Source(run);
            TrainingOutcome outcome = Train(sit, source, run);
            return options.Training.Adapter is { } adapter
                ? WithAdapter(sit, source, outcome, adapter)
                : new GMemModel(Core(sit, source, outcome, ownsNetwork: true), data.Bank, Sampling);
        }
        catch
        {
            sit.Dispose();
            throw;
        }
    }

    private TrainingOutcome Train(SiT sit, RidgeSource? source, IReadOnlyDictionary<string, string>? run)
    {
        // Generates with the network that is being trained, for people to look at.
        using GMemModel preview = new(Core(sit, source, default, ownsNetwork: false), data.Bank, Sampling);
        using TrainingWorkspace? workspace = options.WorkspacePath is { } path
            ? new TrainingWorkspace(path, run!, options.Training, TermNames(sit), count => Samples(preview, count), _ranks)
            : null;
        using QualityMeasure? quality = options.Training.Quality is null ? null : new QualityMeasure(data, options, preview, _ranks);
        Func<QualityMeasurement>? measure = quality is null ? null : quality.Measure;
        using TrainingLoop loop = new(sit, data.Set, options.Training, device, workspace, source, _ranks, measure);
        TrainingOutcome outcome = loop.Run(progress, cancellationToken);
        loop.UseResult();
        sit.eval();
        return outcome;
    }

    /// <summary>The initial model's network with what was trained beside it.</summary>
    private GMemModel WithAdapter(SiT trained, RidgeSource? source, TrainingOutcome outcome, LowRankAdapterOptions adapter)
    {
        ModelCore core = Core(trained.Twin(withAdapters: false), source, outcome, ownsNetwork: true);
        using GMemModel plain = new(core, data.Bank, Sampling);
        GMemModel whole = plain.WithAdapter(LowRankAdapter.Of(trained, adapter, core.Fingerprint));
        trained.Dispose();
        return whole;
    }

    private ModelCore Core(SiT network, RidgeSource? source, TrainingOutcome outcome, bool ownsNetwork) =>
        new(network, options.Training.CreateTransport(), data.Encoder, data.Autoencoder, source, data.ImageShape, device)
        {
            Outcome = outcome,
            OwnsNetwork = ownsNetwork,
        };

    /// <summary>
    /// Fitted to the images that are trained on, or the initial model's, with which its network was trained; dispose it. It is kept in the
    /// workspace, so that a run that goes on has the same bits.
    /// </summary>
    private RidgeSource? Source(IReadOnlyDictionary<string, string>? run)
    {
        if (_ranks.Size == 1 || options.Training.Source is not { } source)
        {
            return OwnSource(run);
        }

        // The first rank's bits are everybody's.
        using DisposeScope scope = torch.NewDisposeScope();
        RidgeSource? own = _ranks.Rank == 0 ? _ranks.WithHostThreads(() => OwnSource(run)) : null;
        IReadOnlyDictionary<string, torch.Tensor>? tensors = own?.SaveTensors();
        torch.Tensor mean = _ranks.Share(tensors?["mean"].cpu().contiguous());
        torch.Tensor weight = _ranks.Share(tensors?["weight"].cpu().contiguous());
        return own ?? RidgeSource.Of(source.NoiseScale, mean, weight, device);
    }

    private RidgeSource? OwnSource(IReadOnlyDictionary<string, string>? run)
    {
        if (options.Training.Source is { } wanted)
        {
            SourceFile? file = options.WorkspacePath is null ? null : new SourceFile(options.WorkspacePath, run!);
            if (file?.TryRead(wanted, device) is { } known)
            {
                return known;
            }

            options.EncodingProgress?.Report(new EncodingProgress(0, 0, data.Set.Count) { Phase = EncodingPhase.Source });
            ImageSplit split = new(data.Set.Count, options.Training.ValidationFraction, options.Training.Seed);
            RidgeSource fitted = RidgeFit.Run(data.Set, split.Training, wanted, device, cancellationToken: cancellationToken);
            file?.Write(fitted);
            return fitted;
        }

        return options.InitialModel?.Core.Source?.CopyTo(device);
    }

    /// <summary>How batches are cut is a part of the run, which goes on with what it has on any number of ranks.</summary>
    private void FixShards()
    {
        TrainingOptions training = options.Training;
        if (device.type != DeviceType.CPU)
        {
            // There they change nothing, and a run may go on with any number of ranks.
            return;
        }

        training.TakeShardsOfRun(_ranks.Rank == 0 ? options.WorkspacePath : null);
        (int shards, int threads) = ((int)_ranks.Broadcast(training.Shards ?? 0), (int)_ranks.Broadcast(training.ThreadsPerShard ?? 0));
        (training.Shards, training.ThreadsPerShard) = (shards == 0 ? null : shards, threads == 0 ? null : threads);
        ShardPlan plan = ShardPlan.Of(training, device, _ranks);
        (training.Shards, training.ThreadsPerShard) = (plan.Shards, plan.ThreadsPerShard);
    }

    /// <summary>Images of the seeds 1, 2 and so on; of several ranks, the first has them.</summary>
    private IReadOnlyList<RgbImage> Samples(GMemModel preview, int count)
    {
        GenerationRequest[] requests = [.. Enumerable.Range(1, count).Select(seed => new GenerationRequest(seed))];
        return [.. RankGeneration.Run(preview, requests, _ranks, CancellationToken.None).Select(i => i.Image)];
    }

    private string[] TermNames(SiT network) =>
        [.. options.Training.TermsFor(network.Options, data.Set.Tokens is not null).Select(t => t.Name)];

    private SiT Network()
    {
        SiTOptions shape = options.InitialModel is null ? NetworkOptions() : RequireFitting(new NetworkPlan(options).Network);
        MemoryBudget.Check(shape, options.Training, device, ranks: _ranks);
        using torch.Generator generator = RandomStream.Create(options.Training.Seed, RandomPurpose.Weights);
        SiT network = options.InitialModel is { } initial ? Continued(shape, initial, generator) : new SiT(shape, generator, device);
        TrainedParts.Select(network, options.Training);
        return network;
    }

    /// <summary>
    /// The initial model's network. The embedding of augmentation begins as zero where it is new, and that of a flow map's lengths is
    /// drawn, or left out where it is no longer wanted.
    /// </summary>
    private SiT Continued(SiTOptions shape, GMemModel initial, torch.Generator generator)
    {
        SiT initialNetwork = initial.Core.Network;
        SiT network = new(shape, shape.IsFlowMap && !initialNetwork.Options.IsFlowMap ? generator : null, device);
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = new(initialNetwork.StateDictTensors());
        foreach ((string name, Parameter parameter) in network.TrainableParameters().Where(p => IsNewAugmentation(p.Name, initial)))
        {
            tensors.Add(name, torch.zeros_like(parameter));
        }

        StateDict.Load(network, tensors, "the initial model", SiT.IsOfFlowMap, SiT.IsOfFlowMap);
        return network;
    }

    /// <summary>An initial model that was trained without augmentation is told of it from nothing on.</summary>
    private static bool IsNewAugmentation(string name, GMemModel initial) =>
        name.StartsWith("augmentation_projection.", StringComparison.Ordinal)
            && initial.Core.Network.Options.Find<AugmentationCondition>() is null;

    /// <summary>What the data decide is set here; the rest is the user's.</summary>
    private SiTOptions NetworkOptions()
    {
        SiTOptions network = WithInputOfData(new NetworkPlan(options).Network) with { Conditions = data.Set.Conditions };
        network.Validate();

        // The description of the run names what it was trained with; these options are a copy.
        options.Network = network;
        return network;
    }

    private SiTOptions WithInputOfData(SiTOptions network)
    {
        (ImageShape images, int factor) = (data.ImageShape, data.Autoencoder.DownsamplingFactor);
        return network.WithInput(data.Autoencoder.Channels, images.Height / factor, images.Width / factor);
    }

    /// <summary>An initial model's network is taken as it is; the data must fit it.</summary>
    private SiTOptions RequireFitting(SiTOptions network)
    {
        SiTOptions wanted = WithInputOfData(network);
        OptionFaults faults = new(nameof(GMemOptions.InitialModel));
        faults.Require(
            network.InputShape[1..].SequenceEqual(wanted.InputShape[1..]), "the side of its input", network.InputSides,
            $"{wanted.InputSides}, as these data have");
        faults.Require(
            network.InputChannels == wanted.InputChannels, "the channels of its input", network.InputChannels,
            $"{wanted.InputChannels}, as these data have");
        faults.Throw();
        return network with { Conditions = data.Set.Conditions };
    }
}

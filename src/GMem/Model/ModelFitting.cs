using GMem.Backbone;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Training;

namespace GMem;

/// <summary>From prepared data to a trained model.</summary>
internal sealed class ModelFitting(
    PreparedTraining data, GMemOptions options, torch.Device device, IProgress<TrainingProgress>? progress,
    CancellationToken cancellationToken)
{
    public GMemModel Run()
    {
        SiT sit = Network();
        try
        {
            IReadOnlyDictionary<string, string>? run = options.WorkspacePath is null ? null : RunDescription.Of(options, data);
            using RidgeSource? source = Source(run);
            TrainingOutcome outcome = Train(sit, source, run);
            return new GMemModel(Core(sit, source, outcome, ownsNetwork: true), data.Bank, options.Sampling);
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
        using GMemModel preview = new(Core(sit, source, default, ownsNetwork: false), data.Bank, options.Sampling);
        using TrainingWorkspace? workspace = options.WorkspacePath is { } path
            ? new TrainingWorkspace(path, run!, options.Training, TermNames(sit), count => Samples(preview, count))
            : null;
        using TrainingLoop loop = new(sit, data.Set, options.Training, device, workspace, source);
        TrainingOutcome outcome = loop.Run(progress, cancellationToken);
        loop.UseAverage();
        sit.eval();
        return outcome;
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
        if (options.Training.Source is { } wanted)
        {
            SourceFile? file = run is null ? null : new SourceFile(options.WorkspacePath!, run);
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

    /// <summary>Images of the seeds 1, 2 and so on.</summary>
    private static IReadOnlyList<RgbImage> Samples(GMemModel preview, int count) =>
        [.. preview.Generate([.. Enumerable.Range(1, count).Select(seed => new GenerationRequest(seed))]).Select(i => i.Image)];

    private string[] TermNames(SiT network) =>
        [.. options.Training.TermsFor(network.Options, data.Set.Tokens is not null).Select(t => t.Name)];

    private SiT Network()
    {
        SiTOptions shape = options.InitialModel is null ? NetworkOptions() : RequireFitting(new NetworkPlan(options).Network);
        MemoryBudget.Check(shape, options.Training, device);
        if (options.InitialModel is not { } initial)
        {
            using torch.Generator generator = RandomStream.Create(options.Training.Seed, RandomPurpose.Weights);
            return new SiT(shape, generator, device);
        }

        SiT network = new(shape, device: device);
        StateDict.Load(network, initial.Core.Network.StateDictTensors(), "the initial model");
        return network;
    }

    /// <summary>What the data decide is set here; the rest is the user's.</summary>
    private SiTOptions NetworkOptions()
    {
        SiTOptions network = WithInputOfData(options.Network) with { Conditions = data.Set.Conditions };
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

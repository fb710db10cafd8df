using GMem.Backbone;
using GMem.FileFormats;
using GMem.Images;
using GMem.Training;

namespace GMem;

/// <summary>From prepared data to a trained model.</summary>
internal sealed class ModelFitting(
    PreparedTraining data, GMemOptions options, torch.Device device, IProgress<TrainingProgress>? progress,
    CancellationToken cancellationToken)
{
    public GMemModel Run()
    {
        (SiT trained, TrainingOutcome outcome) = Train();
        return new GMemModel(
            new ModelCore(trained, options.Training.CreateTransport(), data.Encoder, data.Autoencoder, data.ImageSize,
                device)
            { Outcome = outcome }, data.Bank, options.Sampling);
    }

    private (SiT Network, TrainingOutcome Outcome) Train()
    {
        SiT sit = Network();
        try
        {
            using GMemModel preview = Preview(sit);
            using TrainingWorkspace? workspace = options.WorkspacePath is { } path
                ? new TrainingWorkspace(
                    path, RunDescription.Of(options, data), options.Training, TermNames(sit), count => Samples(preview, count))
                : null;
            using TrainingLoop loop = new(sit, data.Set, options.Training, device, workspace);
            TrainingOutcome outcome = loop.Run(progress, cancellationToken);
            loop.UseAverage();
            sit.eval();
            return (sit, outcome);
        }
        catch
        {
            sit.Dispose();
            throw;
        }
    }

    /// <summary>Generates with the network that is being trained, for people to look at.</summary>
    private GMemModel Preview(SiT network) => new(
        new ModelCore(network, options.Training.CreateTransport(), data.Encoder, data.Autoencoder, data.ImageSize,
            device)
        { OwnsNetwork = false }, data.Bank, options.Sampling);

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
        SiTOptions network = options.Network with
        {
            InputSize = InputSize,
            InputChannels = data.Autoencoder.Channels,
            Conditions = data.Set.Conditions,
        };
        network.Validate();

        // The description of the run names what it was trained with; these options are a copy.
        options.Network = network;
        return network;
    }

    private int InputSize => data.ImageSize / data.Autoencoder.DownsamplingFactor;

    /// <summary>An initial model's network is taken as it is; the data must fit it.</summary>
    private SiTOptions RequireFitting(SiTOptions network)
    {
        OptionFaults faults = new(nameof(GMemOptions.InitialModel));
        faults.Require(network.InputSize == InputSize, "the side of its input", network.InputSize, $"{InputSize}, as these data have");
        faults.Require(
            network.InputChannels == data.Autoencoder.Channels, "the channels of its input", network.InputChannels,
            $"{data.Autoencoder.Channels}, as these data have");
        faults.Throw();
        return network with { Conditions = data.Set.Conditions };
    }
}

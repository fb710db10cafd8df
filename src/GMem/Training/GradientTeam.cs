using GMem.Backbone;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>
/// Forward and backward passes of a batch on several threads of the CPU, each with some of the images and a few cores of its own: small operators gain little from more cores, and between
/// them the threads of one operator wait for one another. The threads share the weights; each but the first has gradients of its own, which are added up at the end, in order.
/// </summary>
/// <remarks>On two cores at S size a step of 4 x 256 tokens takes seven eighths of the time (docs/performance.md). The sums, and so the last bits of a step, depend on the number of threads.</remarks>
internal sealed class GradientTeam : IDisposable
{
    /// <summary>More would be held up by the gradients to add, a copy of the network's size for each.</summary>
    private const int MostMembers = 4;

    private readonly WorkerThreads _threads;
    private readonly FlatParameters _parameters;
    private readonly SiT[] _networks;
    private readonly FlatParameters[] _others;

    private GradientTeam(SiT network, FlatParameters parameters, int members)
    {
        _parameters = parameters;
        SiT[] twins = [.. Enumerable.Range(1, members - 1).Select(_ => TwinOf(network, parameters))];
        _networks = [network, .. twins];
        _others = [.. twins.Select(t => parameters.Share(t.TrainableParameters()))];
        _threads = new WorkerThreads(members, torch.get_num_threads() / members, "GMem training");
    }

    /// <summary>How many threads a run's batches are shared by; 1 where that would gain nothing: on a GPU, on one core, with too few images for all to have about as many.</summary>
    public static int Members(TrainingOptions options, torch.Device device)
    {
        int images = options.ImagesAtOnce;
        int members = device.type == DeviceType.CPU ? Math.Min(torch.get_num_threads(), MostMembers) : 1;
        while (members > 1 && images % members != 0 && images < 4 * members)
        {
            members--;
        }

        return members;
    }

    /// <param name="network">The network, in training mode.</param>
    /// <param name="parameters">Its weights and gradients.</param>
    /// <param name="options">The run.</param>
    /// <param name="device">Where the network is.</param>
    /// <returns>Null where one thread does as well.</returns>
    public static GradientTeam? Of(SiT network, FlatParameters parameters, TrainingOptions options, torch.Device device) =>
        Members(options, device) is > 1 and int members ? new GradientTeam(network, parameters, members) : null;

    /// <summary>One pass over some images.</summary>
    /// <param name="draws">The images.</param>
    /// <param name="share">Of the batch, which the mean over these images stands for.</param>
    /// <param name="pass">Adds the gradient of a share of the loss to a network's gradients; of network, images, share, and whether its time counts.</param>
    /// <returns>The loss, in the caller's scope.</returns>
    public LossTerms Pass(StepDraws draws, double share, Func<SiT, StepDraws, double, bool, LossTerms> pass)
    {
        LossNumbers?[] losses = new LossNumbers?[_networks.Length];
        _threads.RunRanges(draws.Count, (member, begin, length) =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            losses[member] = LossNumbers.Of(pass(_networks[member], draws.Slice(begin, length), share * length / draws.Count, member == 0));
        });
        return losses.OfType<LossNumbers>().Aggregate((a, b) => a.Plus(b)).ToTerms();
    }

    /// <summary>Ends a batch: the sum of all gradients is in the network's own, and the members' are zero again.</summary>
    public void End() => Array.ForEach(_others, _parameters.TakeGradients);

    public void Dispose()
    {
        _threads.Dispose();
        Array.ForEach(_others, o => o.Dispose());
        Array.ForEach(_networks[1..], n => n.Dispose());
    }

    private static SiT TwinOf(SiT network, FlatParameters parameters)
    {
        SiT twin = FlatParameters.CopyOf(network, parameters.Weights, parameters.Weights.device);
        twin.train();
        return twin;
    }
}

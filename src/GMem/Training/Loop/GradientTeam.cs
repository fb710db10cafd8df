using GMem.Backbone;

namespace GMem.Training;

/// <summary>
/// Forward and backward passes of a batch on several threads of the CPU. Each thread takes some of the images and a few cores: small
/// operators gain little from more cores, and the threads of one operator wait for each other between operators. The threads share the
/// weights; each but the first has its own gradients, which are summed at the end, in order.
/// </summary>
/// <remarks>
/// On two cores at S size a step of 4 x 256 tokens takes seven eighths of the time (docs/performance.md). The sums, and so the last bits of
/// a step, depend on the number of threads.
/// </remarks>
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

    /// <summary>
    /// How many threads share a run's batches: 1 where more would gain nothing, which is on a GPU, on one core, and with too few images to
    /// divide them evenly.
    /// </summary>
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
    /// <param name="share">These images' share of the batch.</param>
    /// <param name="pass">
    /// Adds the gradient of a share of the loss to a network's gradients; of network, images, share, and whether its time counts.
    /// </param>
    /// <returns>The loss and its terms, on the CPU, in the caller's scope.</returns>
    public torch.Tensor Pass(StepDraws draws, double share, Func<SiT, StepDraws, double, bool, torch.Tensor> pass)
    {
        // Numbers, not tensors: these may go from one thread to another.
        float[]?[] losses = new float[_networks.Length][];
        _threads.RunRanges(draws.Count, (member, begin, length) =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor values = pass(_networks[member], draws.Slice(begin, length), share * length / draws.Count, member == 0);
            losses[member] = values.data<float>().ToArray();
        });
        double[] sums = new double[losses[0]!.Length];
        foreach (float[] values in losses.OfType<float[]>())
        {
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += values[i];
            }
        }

        return torch.tensor(Array.ConvertAll(sums, s => (float)s));
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

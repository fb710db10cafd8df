using GMem.Backbone;
using GMem.Backbone.Kernels;
using GMem.Backbone.Sharding;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>
/// The blocks of a network shared among threads of the CPU by heads and hidden units, for batches too small to be shared by images (<see cref="GradientTeam"/>): every thread has operators of
/// its own, and waits for the others twice in each branch of a block; meanwhile it computes gradients of weights, which nothing waits for. The adaLN layers are shared too. Ends with <see cref="Dispose"/>.
/// </summary>
/// <remarks>What it gains: docs/performance.md. Weights and their gradients are the network's own; no copy is made.</remarks>
internal sealed class NetworkShards : IDisposable
{
    /// <summary>A shard's products should not become narrower than a few heads.</summary>
    private const int MostShards = 4;

    private readonly SiT _network;
    private readonly WorkerThreads _threads;

    private NetworkShards(SiT network, int count)
    {
        _network = network;
        _threads = new WorkerThreads(count, torch.get_num_threads() / count, "GMem training");
        network.Shards = new SiTShards(network, _threads, count);
    }

    /// <summary>How many threads share a run's blocks; 1 where they cannot be shared, or would gain nothing.</summary>
    public static int Count(SiTOptions network, TrainingOptions options, torch.Device device)
    {
        bool fits = device.type == DeviceType.CPU && options.Precision == Precision.Float32 && SiTShards.Fit(network);
        return fits ? Math.Min(Math.Min(torch.get_num_threads(), MostShards), network.HeadCount) : 1;
    }

    /// <param name="network">Whose parameters' gradients have a place (<see cref="FlatParameters"/>).</param>
    /// <param name="options">The run.</param>
    /// <param name="device">Where the network is.</param>
    /// <returns>Null where one thread does as well.</returns>
    public static NetworkShards? Of(SiT network, TrainingOptions options, torch.Device device) =>
        Count(network.Options, options, device) is > 1 and int count ? new NetworkShards(network, count) : null;

    public void Dispose()
    {
        _network.Shards?.Dispose();
        _network.Shards = null;
        _threads.Run(_ => HandedGradients.Release());
        _threads.Dispose();
    }
}

using GMem.Backbone;

namespace GMem;

/// <summary>
/// Threads of the CPU that make images of one batch side by side, each with a few cores of its own: at sizes that suit a CPU the threads of
/// one operator mostly wait for one another. One team serves the process; who finds it busy works alone.
/// </summary>
internal static class GenerationTeam
{
    private const int MostMembers = 4;

    /// <summary>
    /// Widths that fill the vectors and blocks of a matrix library; at others the last bit of a product may depend on its number of threads
    /// (seen at 36, not at any multiple of 16).
    /// </summary>
    private const int Block = 16;

    private static readonly Lock Gate = new();
    private static WorkerThreads? Workers;
    private static (int Members, int OperatorThreads) Made;

    /// <summary>
    /// Whether an image has the same bits however many threads an operator has, so that it does not depend on the batch it is made in.
    /// </summary>
    public static bool KeepsBits(SiTOptions network) => network.HiddenSize % Block == 0;

    /// <summary>Runs the body on ranges of images that together are all.</summary>
    /// <param name="network">What makes them.</param>
    /// <param name="device">Where.</param>
    /// <param name="count">How many images.</param>
    /// <param name="body">
    /// Makes the images from a first one on, so many; on any thread. Tensors it leaves must belong to no dispose scope.
    /// </param>
    public static void Run(SiTOptions network, torch.Device device, int count, Action<int, int> body)
    {
        int threads = torch.get_num_threads(), members = Math.Min(Math.Min(threads, MostMembers), count);
        if (members == 1 || device.type != DeviceType.CPU || !KeepsBits(network) || !Gate.TryEnter())
        {
            body(0, count);
            return;
        }

        try
        {
            Team(members, threads / members).RunRanges(count, (_, begin, length) => body((int)begin, (int)length));
        }
        finally
        {
            Gate.Exit();
        }
    }

    private static WorkerThreads Team(int members, int operatorThreads)
    {
        if (Workers is null || Made != (members, operatorThreads))
        {
            Workers?.Dispose();
            Workers = new WorkerThreads(members, operatorThreads, "GMem generation");
            Made = (members, operatorThreads);
        }

        return Workers;
    }
}

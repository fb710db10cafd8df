using GMem.Backbone;

namespace GMem.Training;

/// <summary>
/// What a training run takes beyond what is there before it, in bytes. Counted from the shapes; measured peaks are in docs/training.md.
/// </summary>
/// <param name="Weights">
/// Weights, gradients (one for each thread of <see cref="GradientTeam"/>), moments and averages, and a spare copy of the weights while
/// samples are drawn; of what is frozen the weights alone.
/// </param>
/// <param name="Activations">What the forward pass keeps for the backward pass, for the images that go through at once.</param>
/// <param name="Copy">The state kept in main memory where there is no workspace, or the one that is read on resuming.</param>
/// <param name="Network">The network alone, as it is saved.</param>
internal readonly record struct MemoryEstimate(long Weights, long Activations, long Copy, long Network)
{
    /// <summary>More than any machine has, and still to be added up.</summary>
    private const double Largest = 1L << 60;

    private const int Float = 4;
    private const int Half = 2;

    /// <param name="network">The network, completed from the data.</param>
    /// <param name="training">The run.</param>
    /// <param name="device">Where the network is.</param>
    /// <param name="counts">What <see cref="Count"/> gave; null counts, which takes a while.</param>
    /// <param name="ranks">How many processes train together: each has moments and averages of its part of the weights alone.</param>
    public static MemoryEstimate Of(
        SiTOptions network, TrainingOptions training, torch.Device device, (long All, long Trained)? counts = null, int ranks = 1)
    {
        bool mixed = training.Precision == Precision.BFloat16Mixed;
        (long all, long parameters) = counts ?? Count(network, training);
        int averages = 1 + training.PowerAverageWidths.Count + (training.Quality is { KeepBest: true } ? 1 : 0);
        long state = Float * (parameters + ((2L + averages) * parameters / ranks));
        long working = (2L * Float * parameters) + (Float * (all - parameters)) + (mixed ? Half * all : 0);
        bool isCpu = device.type == DeviceType.CPU;

        // On the CPU threads of all ranks share what goes through at once; elsewhere each rank passes its part in micro-batches.
        double images = isCpu ? (double)training.ImagesAtOnce / ranks
            : Math.Min(training.ImagesAtOnce, Math.Ceiling((double)training.ImagesPerStep / ranks));
        int threads = torch.get_num_threads();
        int shards = Math.Max(1, (training.Shards ?? ShardPlan.Default(training, device, threads * ranks, ranks)) / ranks);

        // One thread's gradients are the network's own; of shards that it takes one after the other, sums wait on each level.
        int workers = isCpu ? Math.Min(shards, threads) : 1;
        int waiting = isCpu ? workers * int.Log2(Math.Max(1, shards / workers)) : 0;
        long gradientsOfOthers = (workers - 1L + waiting) * Float * parameters;
        double activations = images * PerImage(network, mixed, isCpu);
        return new MemoryEstimate(
            state + working + gradientsOfOthers, (long)Math.Min(activations, Largest), (3L + averages) * Float * parameters,
            Float * all);
    }

    /// <summary>Bytes on the device.</summary>
    /// <param name="isCpu">Whether the device is the CPU, whose memory the copy of the state is in too.</param>
    public long On(bool isCpu) => Weights + Activations + (isCpu ? Copy : 0);

    /// <summary>The numbers in a network's parameters, and in those of them that a run trains.</summary>
    /// <exception cref="ArgumentException">What is to be frozen or adapted does not fit the network.</exception>
    public static (long All, long Trained) Count(SiTOptions options, TrainingOptions training)
    {
        using SiT shapes = new(options, device: torch.META);
        long all = Numbers();
        TrainedParts.Select(shapes, training);
        long trained = Numbers();
        return (training.Adapter is null ? all : all + trained, trained);

        long Numbers() => shapes.TrainableParameters().Sum(p => p.Parameter.numel());
    }

    /// <summary>In floating point, because products of the largest options go beyond 64 bits.</summary>
    private static double PerImage(SiTOptions o, bool mixed, bool plainAttention)
    {
        double tokens = o.TokenCount, width = o.HiddenSize, inner = o.ResolvedMlpHiddenSize;
        int product = mixed ? Half : Float;

        // In float32: both inputs of the norms, their outputs, and the gated sums.
        double stream = 4 * width * Float;

        // Of the products: queries, keys and values with the copies that attention makes, what it gives, both layers of the MLP, and what
        // is gated. Plain products of the CPU keep the scores, and more copies of what they multiply (six, by the measured slope).
        double scores = plainAttention ? (o.HeadCount * tokens) + (6 * width) : 0;
        double products = ((9 * width) + ((o.UseSwiGlu ? 3 : 2) * inner) + scores) * product;
        double block = tokens * (stream + products);
        double kept = o.ActivationCheckpointing ? (tokens * width * Float * o.Depth) + block : block * o.Depth;

        // The backward pass holds about one block's gradients besides.
        return kept + block;
    }
}

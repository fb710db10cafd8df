using GMem.Distributed;

namespace GMem.Training;

/// <summary>
/// How a batch is cut into shards. The gradients of the shards are summed in pairs of neighbours, whoever computed them, so the bits of a
/// step depend on the number of shards and on the threads of an operator, not on how many ranks and threads share them.
/// </summary>
/// <param name="Shards">A power of two.</param>
/// <param name="ThreadsPerShard">Threads of an operator.</param>
/// <param name="Ranks">How many ranks share the shards.</param>
/// <param name="Rank">Which this is.</param>
internal sealed record ShardPlan(int Shards, int ThreadsPerShard, int Ranks, int Rank)
{
    /// <summary>
    /// Of a process: more would be held up by the gradients to add, a copy of the network's size for each.
    /// </summary>
    private const int MostByDefault = 4;

    /// <summary>Shards of a rank, a power of two.</summary>
    public int Local => Shards / Ranks;

    /// <summary>The first shard of this rank.</summary>
    public int First => Rank * Local;

    /// <param name="options">The run.</param>
    /// <param name="device">Where the network is.</param>
    /// <param name="ranks">Who trains together.</param>
    /// <exception cref="ArgumentException">The ranks do not divide the shards, or there are more shards than images.</exception>
    public static ShardPlan Of(TrainingOptions options, torch.Device device, RankGroup ranks)
    {
        int threads = ranks.Size == 1 ? torch.get_num_threads() : (int)ranks.Broadcast(torch.get_num_threads());
        int shards = options.Shards ?? Default(options, device, threads * ranks.Size, ranks.Size);
        if (shards % ranks.Size != 0)
        {
            throw new ArgumentException(
                $"Shards is {shards}, which {ranks.Size} ranks do not divide evenly: start "
                    + $"{string.Join(" or ", Divisors(shards))} ranks, or "
                    + "set Training.Shards to a power of two that is a multiple of the ranks. (A run that goes on keeps what it began "
                    + "with.)");
        }

        return shards <= options.ImagesPerStep
            ? new ShardPlan(shards, options.ThreadsPerShard ?? Math.Max(1, threads * ranks.Size / shards), ranks.Size, ranks.Rank)
            : throw new ArgumentException(
                $"Shards is {shards}, but a batch has {options.ImagesPerStep} images: raise BatchSize, or start fewer ranks.");
    }

    /// <summary>
    /// How many shards there are unless the options say it: 1 where more would gain nothing, which is on a GPU, on one core, and with too
    /// few images to divide them evenly; at least one for each rank.
    /// </summary>
    public static int Default(TrainingOptions options, torch.Device device, int threads, int ranks = 1)
    {
        int shards = 1, images = options.ImagesAtOnce;
        int most = device.type == DeviceType.CPU ? Math.Min(threads, MostByDefault * ranks) : ranks;
        while (2 * shards <= most)
        {
            shards *= 2;
        }

        while (shards > ranks && images % shards != 0 && images < 4 * shards)
        {
            shards /= 2;
        }

        return shards < ranks ? 2 * shards : shards;
    }

    /// <summary>Threads of this process that work on shards at the same time.</summary>
    public int Workers(int threads)
    {
        int workers = 1;
        while (2 * workers * ThreadsPerShard <= threads && 2 * workers <= Local)
        {
            workers *= 2;
        }

        return workers;
    }

    /// <summary>The images of a shard among some of the batch.</summary>
    public (long Begin, long Length) Part(int shard, long begin, long count)
    {
        long first = count * shard / Shards;
        return (begin + first, (count * (shard + 1) / Shards) - first);
    }

    private static IEnumerable<int> Divisors(int shards)
    {
        for (int divisor = 1; divisor <= shards; divisor *= 2)
        {
            yield return divisor;
        }
    }
}

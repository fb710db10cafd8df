namespace GMem.Training;

/// <summary>Which images a step takes: one random permutation of all images an epoch, each a function of (seed, epoch) alone.</summary>
internal sealed class BatchOrder(long count, int batchSize, long seed)
{
    private long _epoch = -1;
    private long[] _permutation = [];

    /// <param name="step">The step, from 0.</param>
    /// <returns>Image indices, as many as the batch has; a batch may reach into the next epoch.</returns>
    public long[] Indices(long step)
    {
        long[] indices = new long[batchSize];
        for (int i = 0; i < batchSize; i++)
        {
            long position = (step * batchSize) + i;
            indices[i] = Permutation(position / count)[position % count];
        }

        return indices;
    }

    private long[] Permutation(long epoch)
    {
        if (epoch != _epoch)
        {
            using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Order, epoch);
            using torch.Tensor permutation = torch.randperm(count, generator: generator);
            _permutation = permutation.data<long>().ToArray();
            _epoch = epoch;
        }

        return _permutation;
    }
}

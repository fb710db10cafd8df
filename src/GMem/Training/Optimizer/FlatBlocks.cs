namespace GMem.Training;

/// <summary>
/// A flat buffer in blocks of one size, shared among as many threads as libtorch uses. What is kept for each block does not depend on their
/// number.
/// </summary>
internal static class FlatBlocks
{
    /// <summary>Elements of a block; a multiple of every vector width.</summary>
    public const long Length = 1 << 16;

    /// <summary>How many blocks there are.</summary>
    public static long Count(long length) => (length + Length - 1) / Length;

    /// <summary>Runs the body once for each block.</summary>
    /// <param name="length">Of the buffer.</param>
    /// <param name="body">Told the block's number, its first element, and the one after its last.</param>
    public static void For(long length, Action<long, long, long> body)
    {
        long blocks = Count(length);
        int threads = (int)Math.Min(blocks, torch.get_num_threads());
        if (threads <= 1)
        {
            Run(0, blocks);
            return;
        }

        ParallelOptions options = new() { MaxDegreeOfParallelism = threads };
        _ = Parallel.For(0, blocks, options, b => Run(b, b + 1));

        void Run(long first, long last)
        {
            for (long block = first; block < last; block++)
            {
                body(block, block * Length, Math.Min(length, (block + 1) * Length));
            }
        }
    }
}

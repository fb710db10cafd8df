namespace GMem.Runtime;

/// <summary>Spreads work on rows over as many threads as libtorch uses.</summary>
internal static class ParallelRows
{
    /// <summary>Minimum number of values per thread; with fewer, another thread costs more than it saves.</summary>
    private const long Grain = 1 << 15;

    /// <summary>Runs <paramref name="body"/> on ranges [from, to) that cover all rows.</summary>
    public static void For(long rows, long rowLength, Action<long, long> body)
    {
        int parts = (int)Math.Clamp(rows * rowLength / Grain, 1, Math.Max(1, Math.Min(rows, torch.get_num_threads())));
        if (parts == 1)
        {
            body(0, rows);
            return;
        }

        Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = parts }, part => body(
            rows * part / parts, rows * (part + 1) / parts));
    }
}

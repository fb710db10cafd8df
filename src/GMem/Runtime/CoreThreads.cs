namespace GMem.Runtime;

/// <summary>
/// Runs independent work on as many threads as libtorch uses for one operator. Each thread runs its operators single-threaded.
/// </summary>
internal static class CoreThreads
{
    /// <summary>Runs the body for 0 .. count - 1. The first exception is rethrown, unwrapped, when all threads have ended.</summary>
    /// <param name="count">Number of work items.</param>
    /// <param name="body">Processes one item on any thread, so tensors that outlive it must not belong to a dispose scope.</param>
    public static void For(int count, Action<int> body)
    {
        int threads = torch.get_num_threads();
        if (threads == 1 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                body(i);
            }

            return;
        }

        int next = -1;
        using WorkerThreads workers = new(threads, operatorThreads: 1, "GMem encoding");
        workers.Run(_ =>
        {
            for (int i = Interlocked.Increment(ref next); i < count && !workers.HasFailed; i = Interlocked.Increment(ref next))
            {
                body(i);
            }
        });
    }
}

namespace GMem.Runtime;

/// <summary>
/// Independent work on as many threads as libtorch uses for one operator, each of which computes its operators by itself.
/// </summary>
internal static class CoreThreads
{
    /// <summary>Runs the body for 0 .. count - 1. The first failure is thrown, unwrapped, when all threads have ended.</summary>
    /// <param name="count">How many pieces of work.</param>
    /// <param name="body">One of them; runs on any thread, so tensors it leaves belong to no dispose scope.</param>
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

using System.Runtime.ExceptionServices;
using TorchSharp;

namespace GMem.Runtime;

/// <summary>
/// Independent work on as many threads as libtorch uses for one operator, each of which computes its operators by itself. Between small operators the threads of a
/// single one mostly wait for one another; threads with work of their own never do.
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
        Exception? failure = null;
        using CountdownEvent started = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(Work) { IsBackground = true, Name = "GMem encoding" })];
        Array.ForEach(workers, w => w.Start());

        // The number is kept by thread, but new threads take over what was set last: hence it is set back before anything else may start one.
        started.Wait();
        torch.set_num_threads(threads);
        Array.ForEach(workers, w => w.Join());
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        void Work()
        {
            try
            {
                // Asking makes libtorch set up this thread; otherwise it would do so later and undo what is set here.
                _ = torch.get_num_threads();
                torch.set_num_threads(1);
            }
            finally
            {
                _ = started.Signal();
            }

            for (int i = Interlocked.Increment(ref next); i < count && Volatile.Read(ref failure) is null; i = Interlocked.Increment(ref next))
            {
                try
                {
                    body(i);
                }
                catch (Exception e)
                {
                    _ = Interlocked.CompareExchange(ref failure, e, null);
                }
            }
        }
    }
}

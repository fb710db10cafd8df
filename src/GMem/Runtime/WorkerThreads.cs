using System.Runtime.ExceptionServices;

namespace GMem.Runtime;

/// <summary>
/// Threads that stay, each of which computes its operators with a number of libtorch's threads of its own. Between small operators the
/// threads of a single one mostly wait for one another; threads with work of their own never do.
/// </summary>
internal sealed class WorkerThreads : IDisposable
{
    private readonly SemaphoreSlim[] _starts;
    private readonly Thread[] _threads;
    private readonly CountdownEvent _running;
    private Action<int>? _body;
    private Exception? _failure;

    /// <param name="count">How many.</param>
    /// <param name="operatorThreads">libtorch's threads for one operator on each of them.</param>
    /// <param name="name">What a debugger shows.</param>
    public WorkerThreads(int count, int operatorThreads, string name)
    {
        int own = torch.get_num_threads();
        _starts = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _running = new CountdownEvent(count);
        _threads = [.. Enumerable.Range(0, count).Select(
            i => new Thread(() => Serve(i, operatorThreads)) { IsBackground = true, Name = name })];
        Array.ForEach(_threads, t => t.Start());

        // The number is kept by thread, but new threads take over what was set last: hence it is set back before anything else may start
        // one.
        _running.Wait();
        torch.set_num_threads(own);
    }

    /// <summary>Whether a thread has failed in what runs now.</summary>
    public bool HasFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>Runs the body once on each thread and waits. The first failure is thrown, unwrapped, when all have ended.</summary>
    /// <param name="body">Told the thread's number, from 0. Tensors it leaves must belong to no dispose scope.</param>
    public void Run(Action<int> body)
    {
        _body = body;
        _failure = null;
        _running.Reset();
        Array.ForEach(_starts, s => s.Release());
        _running.Wait();
        _body = null;
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Shares 0 .. count - 1 among the threads as evenly as can be.</summary>
    /// <param name="count">How many.</param>
    /// <param name="body">Told the thread's number, the first of its range, and how many, at least one.</param>
    public void RunRanges(long count, Action<int, long, long> body) => Run(number =>
    {
        long begin = count * number / _threads.Length, end = count * (number + 1) / _threads.Length;
        if (end > begin)
        {
            body(number, begin, end - begin);
        }
    });

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        Array.ForEach(_starts, s => s.Release());
        Array.ForEach(_threads, t => t.Join());
        Array.ForEach(_starts, s => s.Dispose());
        _running.Dispose();
    }

    private void Serve(int number, int operatorThreads)
    {
        // Asking makes libtorch set up this thread; otherwise it would do so later and undo what is set here.
        _ = torch.get_num_threads();
        torch.set_num_threads(operatorThreads);
        _ = _running.Signal();
        while (true)
        {
            _starts[number].Wait();
            if (_body is not { } body)
            {
                return;
            }

            try
            {
                body(number);
            }
            catch (Exception e)
            {
                _ = Interlocked.CompareExchange(ref _failure, e, null);
            }

            _ = _running.Signal();
        }
    }
}

using System.Runtime.ExceptionServices;

namespace GMem.Runtime;

/// <summary>
/// Long-lived threads, each with its own number of libtorch threads per operator. When one small operator is split between threads, they
/// mostly wait for each other; threads with independent work do not.
/// </summary>
internal sealed class WorkerThreads : IDisposable
{
    private readonly SemaphoreSlim[] _starts;
    private readonly Thread[] _threads;
    private readonly CountdownEvent _running;
    private Action<int>? _body;
    private Exception? _failure;

    /// <param name="count">Number of threads.</param>
    /// <param name="operatorThreads">Number of libtorch threads per operator, for each of them.</param>
    /// <param name="name">Name shown in debuggers.</param>
    public WorkerThreads(int count, int operatorThreads, string name)
    {
        int own = torch.get_num_threads();
        _starts = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _running = new CountdownEvent(count);
        _threads = [.. Enumerable.Range(0, count).Select(
            i => new Thread(() => Serve(i, operatorThreads)) { IsBackground = true, Name = name })];
        Array.ForEach(_threads, t => t.Start());

        // libtorch stores the number per thread, but new threads inherit the value set last. It is therefore reset here, before other
        // code can start a thread.
        _running.Wait();
        torch.set_num_threads(own);
    }

    /// <summary>Whether a thread has failed in the current run.</summary>
    public bool HasFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>Runs the body once on each thread and waits. The first exception is rethrown, unwrapped, when all have ended.</summary>
    /// <param name="body">Receives the thread's number, from 0. Tensors that outlive it must not belong to a dispose scope.</param>
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

    /// <summary>Divides 0 .. count - 1 between the threads as evenly as possible.</summary>
    /// <param name="count">Number of items.</param>
    /// <param name="body">Receives the thread's number, the start of its range, and the number of items in it, at least one.</param>
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
        // The first query makes libtorch initialise this thread. Otherwise it would do so later and overwrite the number set below.
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

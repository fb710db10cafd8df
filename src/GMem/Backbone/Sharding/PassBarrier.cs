using System.Diagnostics;

namespace GMem.Backbone.Sharding;

/// <summary>
/// Where the threads of a pass wait for one another, and meanwhile compute what can be computed at any time. When one has failed nobody waits any more, and all learn of it.
/// </summary>
/// <param name="threads">How many.</param>
/// <param name="meanwhile">What to compute.</param>
internal sealed class PassBarrier(int threads, WeightGradients meanwhile)
{
    /// <summary>How long a thread watches before it sleeps: some times what it takes to be woken up again.</summary>
    private static readonly long Watching = Stopwatch.Frequency / 10_000;

    private readonly object _lock = new();
    private int _arrived;
    private volatile int _meeting;
    private volatile bool _isBroken;

    /// <summary>Waits for the others.</summary>
    /// <returns>False where a thread has failed: what it should have written is not there, and the others may be anywhere.</returns>
    public bool Meet()
    {
        int meeting = _meeting;
        lock (_lock)
        {
            if (++_arrived == threads)
            {
                _arrived = 0;
                _meeting++;
            }

            // Those who sleep may find something to do.
            Monitor.PulseAll(_lock);
        }

        while (IsWaiting(meeting))
        {
            if (!meanwhile.ComputeOne() && !HasEndedSoon(meeting))
            {
                lock (_lock)
                {
                    if (IsWaiting(meeting) && meanwhile.IsEmpty)
                    {
                        _ = Monitor.Wait(_lock);
                    }
                }
            }
        }

        return !_isBroken;
    }

    /// <summary>The calling thread has failed.</summary>
    public void Break()
    {
        lock (_lock)
        {
            _isBroken = true;
            Monitor.PulseAll(_lock);
        }
    }

    private bool IsWaiting(int meeting) => _meeting == meeting && !_isBroken;

    private bool HasEndedSoon(int meeting)
    {
        long start = Stopwatch.GetTimestamp();
        while (IsWaiting(meeting) && Stopwatch.GetTimestamp() - start < Watching)
        {
            Thread.SpinWait(10);
        }

        return !IsWaiting(meeting);
    }
}

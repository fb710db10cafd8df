using System.Diagnostics;

namespace GMem.Distributed;

/// <summary>
/// Notices that this rank has been waiting for the others for longer than it is to: a rank that was killed or a link that is down shows
/// in nothing else, because MPI waits for ever.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly Action<string, TimeSpan> _isLate;
    private readonly Timer _timer;
    private long _since;
    private string _what = "";

    /// <param name="timeout">How long a wait may be; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="isLate">Told what is waited for, and since when.</param>
    public Watchdog(TimeSpan timeout, Action<string, TimeSpan> isLate)
    {
        _timeout = timeout;
        _isLate = isLate;
        TimeSpan look = timeout == Timeout.InfiniteTimeSpan
            ? timeout
            : TimeSpan.FromSeconds(Math.Clamp(timeout.TotalSeconds / 10, 0.05, 5));
        _timer = new Timer(_ => Look(), null, look, look);
    }

    public void Begin(string what)
    {
        _what = what;
        Volatile.Write(ref _since, Stopwatch.GetTimestamp());
    }

    public void End() => Volatile.Write(ref _since, 0);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        long since = Volatile.Read(ref _since);
        if (since != 0 && Stopwatch.GetElapsedTime(since) >= _timeout)
        {
            End();
            _isLate(_what, _timeout);
        }
    }
}

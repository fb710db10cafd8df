namespace GMem.Backbone.Sharding;

/// <summary>Where the threads of a pass wait for one another. A thread that fails leaves, and the others learn of it when they meet next.</summary>
internal sealed class PassBarrier(int threads) : IDisposable
{
    private readonly Barrier _barrier = new(threads);
    private volatile bool _isBroken;

    /// <returns>False where a thread has failed: what it should have written is not there.</returns>
    public bool Meet()
    {
        _barrier.SignalAndWait();
        return !_isBroken;
    }

    /// <summary>The calling thread will not come again.</summary>
    public void Break()
    {
        _isBroken = true;
        _barrier.RemoveParticipant();
    }

    public void Dispose() => _barrier.Dispose();
}

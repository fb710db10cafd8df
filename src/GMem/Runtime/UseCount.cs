namespace GMem.Runtime;

/// <summary>Counts who still needs a native object: whoever made it, and the models that share it. Thread-safe.</summary>
internal sealed class UseCount
{
    private int _uses = 1;
    private int _ownerIsDone;

    /// <summary>One more user.</summary>
    public void Add() => _ = Interlocked.Increment(ref _uses);

    /// <summary>One user less.</summary>
    /// <returns>True if it was the last: the object is to be freed now.</returns>
    public bool Remove() => Interlocked.Decrement(ref _uses) == 0;

    /// <summary>Whoever made the object is done with it; counts once however often it is said.</summary>
    /// <returns>True if nobody else needs it.</returns>
    public bool RemoveOwner() => Interlocked.Exchange(ref _ownerIsDone, 1) == 0 && Remove();
}

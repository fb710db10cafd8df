namespace GMem.Runtime;

/// <summary>Reference count of a native object, which its creator and several models may share. Thread-safe.</summary>
internal sealed class UseCount
{
    private int _uses = 1;
    private int _ownerIsDone;

    /// <summary>Adds a use unless the last one has already ended, because a freed object cannot be revived.</summary>
    /// <returns>Whether the use was added.</returns>
    public bool TryAdd()
    {
        int uses = Volatile.Read(ref _uses);
        while (uses > 0)
        {
            int seen = Interlocked.CompareExchange(ref _uses, uses + 1, uses);
            if (seen == uses)
            {
                return true;
            }

            uses = seen;
        }

        return false;
    }

    /// <summary>Ends a use.</summary>
    /// <returns>True if it was the last use; the caller must then free the object.</returns>
    public bool Remove() => Interlocked.Decrement(ref _uses) == 0;

    /// <summary>Ends the creator's use of the object; later calls do nothing.</summary>
    /// <returns>True if it was the last use.</returns>
    public bool RemoveOwner() => Interlocked.Exchange(ref _ownerIsDone, 1) == 0 && Remove();
}

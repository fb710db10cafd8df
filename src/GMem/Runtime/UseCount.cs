namespace GMem.Runtime;

/// <summary>Counts the users of native memory and frees it with the last of them. Thread-safe.</summary>
/// <param name="owner">The type that owns the memory, for messages.</param>
/// <param name="free">Frees the memory; called once, on the thread that ends the last use.</param>
internal sealed class UseCount(string owner, Action free)
{
    private int _uses = 1;
    private int _ownerIsDone;

    /// <summary>Adds a use. Memory that has been freed is never revived.</summary>
    /// <exception cref="ObjectDisposedException">The last use has ended.</exception>
    public void Add()
    {
        int uses = Volatile.Read(ref _uses);
        while (uses > 0)
        {
            int seen = Interlocked.CompareExchange(ref _uses, uses + 1, uses);
            if (seen == uses)
            {
                return;
            }

            uses = seen;
        }

        throw new ObjectDisposedException(owner);
    }

    /// <summary>Ends a use that <see cref="Add"/> began.</summary>
    public void Remove()
    {
        if (Interlocked.Decrement(ref _uses) == 0)
        {
            free();
        }
    }

    /// <summary>Ends the use of whoever made the object; later calls do nothing.</summary>
    public void RemoveOwner()
    {
        if (Interlocked.Exchange(ref _ownerIsDone, 1) == 0)
        {
            Remove();
        }
    }

    /// <summary>Holds the memory for the length of an operation of the owner.</summary>
    /// <exception cref="ObjectDisposedException">The owner has been disposed.</exception>
    public UseScope Hold()
    {
        if (Volatile.Read(ref _ownerIsDone) != 0)
        {
            throw new ObjectDisposedException(owner);
        }

        Add();
        return new UseScope(this);
    }
}

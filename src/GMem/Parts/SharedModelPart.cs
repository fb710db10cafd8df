namespace GMem.Parts;

/// <summary>
/// A part that owns native memory and is shared: whoever made it and every model that was made with it hold a use of it, and the memory is
/// freed with the last of them.
/// </summary>
public abstract class SharedModelPart : ModelPart, IDisposable
{
    private readonly Lock _gate = new();
    private UseCount _uses = new();

    /// <summary>The part whose memory this handle uses; null if the memory is this one's own.</summary>
    private SharedModelPart? _lender;

    /// <summary>Ends the caller's own use of the part. Models that were made with it go on using it.</summary>
    public void Dispose()
    {
        if (_uses.RemoveOwner())
        {
            Free();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors; called once, after the last use. Does nothing unless overridden.</summary>
    /// <param name="disposing">Always true: parts have no finalizers.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Runs what uses the part, one thread at a time unless the part is thread-safe.</summary>
    internal T Use<T>(Func<T> use)
    {
        if (IsThreadSafe)
        {
            return use();
        }

        lock (_gate)
        {
            return use();
        }
    }

    /// <summary>Adds a use, which <see cref="Release"/> ends.</summary>
    /// <exception cref="ObjectDisposedException">The part has been freed.</exception>
    internal void AddUse()
    {
        if (!_uses.TryAdd())
        {
            throw new ObjectDisposedException(GetType().Name);
        }
    }

    /// <summary>Ends a use that <see cref="AddUse"/> began.</summary>
    internal void Release()
    {
        if (_uses.Remove())
        {
            Free();
        }
    }

    /// <summary>A second handle on the same memory, with fields of its own that can then be set. Both are disposed.</summary>
    internal SharedModelPart NewHandle()
    {
        SharedModelPart lender = _lender ?? this;
        lender.AddUse();
        SharedModelPart handle = (SharedModelPart)MemberwiseClone();
        handle._uses = new UseCount();
        handle._lender = lender;
        return handle;
    }

    private void Free()
    {
        if (_lender is null)
        {
            Dispose(true);
        }
        else
        {
            _lender.Release();
        }
    }
}

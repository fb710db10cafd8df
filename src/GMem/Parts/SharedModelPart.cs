namespace GMem.Parts;

/// <summary>
/// A part that owns native memory and is shared: whoever made it and every model that was made with it hold a use of it, and the memory is
/// freed with the last of them.
/// </summary>
/// <remarks>
/// Disposing is safe while other threads use the part. Whatever the library does with a part holds a use of it; an operation that begins
/// after the last use has ended throws an <see cref="ObjectDisposedException"/>. A part of your own is protected as well when it is called
/// directly if its methods begin with <c>using UseScope use = Use();</c>.
/// </remarks>
public abstract class SharedModelPart : ModelPart, IDisposable
{
    private readonly Lock _gate = new();
    private UseCount _uses;

    /// <summary>The part whose memory this handle uses; null if the memory is this one's own.</summary>
    private SharedModelPart? _lender;

    /// <summary>Creates a part with one use, that of the caller.</summary>
    protected SharedModelPart() => _uses = new UseCount(GetType().Name, Free);

    /// <summary>
    /// Ends the caller's own use of the part. Models that were made with it go on using it, and operations in progress finish.
    /// </summary>
    public void Dispose()
    {
        _uses.RemoveOwner();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Keeps the memory from being freed, and other threads out unless the part is thread-safe (<see cref="ModelPart.IsThreadSafe"/>).
    /// A thread may hold several uses.
    /// </summary>
    /// <returns>The use; dispose it on the same thread.</returns>
    /// <exception cref="ObjectDisposedException">The part has been freed.</exception>
    public UseScope Use()
    {
        Lock? gate = IsThreadSafe ? null : _gate;
        _uses.Add();
        gate?.Enter();
        return new UseScope(_uses, gate);
    }

    /// <summary>Frees the tensors; called once, after the last use. Does nothing unless overridden.</summary>
    /// <param name="disposing">Always true: parts have no finalizers.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Adds a use, which <see cref="Release"/> ends.</summary>
    /// <exception cref="ObjectDisposedException">The part has been freed.</exception>
    internal void AddUse() => _uses.Add();

    /// <summary>Ends a use that <see cref="AddUse"/> began.</summary>
    internal void Release() => _uses.Remove();

    /// <summary>A second handle on the same memory, with fields of its own that can then be set. Both are disposed.</summary>
    internal SharedModelPart NewHandle()
    {
        SharedModelPart lender = _lender ?? this;
        lender.AddUse();
        SharedModelPart handle = (SharedModelPart)MemberwiseClone();
        handle._uses = new UseCount(GetType().Name, handle.Free);
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

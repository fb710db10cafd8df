namespace GMem.Images;

/// <summary>
/// Bounds the memory of images that are being decoded, however many threads decode: whoever would go beyond the budget waits. What is
/// larger than the budget by itself is decoded alone.
/// </summary>
internal sealed class DecodingMemory
{
    private readonly object _gate = new();
    private long _used;
    private long _issued;
    private long _served;

    /// <summary>
    /// Files and rows before they are decoded. Whoever holds some of it may wait for <see cref="Pixels"/>, never the reverse.
    /// </summary>
    public static DecodingMemory Encoded { get; } = new();

    /// <summary>Pixels that a decoder has given and that are not yet scaled.</summary>
    public static DecodingMemory Pixels { get; } = new();

    /// <summary>Bytes of each kind that may be in use at once.</summary>
    public static long Budget { get; set; } = ImageReader.DefaultMemoryBudget;

    /// <summary>Waits until there is room.</summary>
    /// <param name="bytes">How much, at least 0.</param>
    /// <returns>Gives it back when disposed, on any thread.</returns>
    public IDisposable Take(long bytes)
    {
        lock (_gate)
        {
            // In the order of their coming: small images do not keep a large one waiting for ever.
            long turn = _issued++;
            while (turn != _served || (_used > 0 && _used + bytes > Budget))
            {
                _ = Monitor.Wait(_gate);
            }

            _served++;
            _used += bytes;
            Monitor.PulseAll(_gate);
        }

        return new Share(this, bytes);
    }

    private void GiveBack(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            Monitor.PulseAll(_gate);
        }
    }

    private sealed class Share(DecodingMemory memory, long bytes) : IDisposable
    {
        private int _given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) == 0)
            {
                memory.GiveBack(bytes);
            }
        }
    }
}

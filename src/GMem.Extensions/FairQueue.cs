using System.Threading.Channels;

namespace GMem.Extensions;

/// <summary>
/// Waiting images, taken one from each caller in turn. Costs a list of requests for each call, whatever the mode. Thread-safe.
/// </summary>
internal sealed class FairQueue(ImageServiceOptions options)
{
    /// <summary>Assumed length of a batch before the first one has been measured.</summary>
    private const double FirstBatchSeconds = 1;

    /// <summary>Weight of the latest batch in the average length of batches.</summary>
    private const double LatestWeight = 0.3;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Caller> _byKey = new(StringComparer.Ordinal);

    /// <summary>Callers with waiting images, the next one first.</summary>
    private readonly LinkedList<Caller> _turns = [];

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private int _waiting;
    private int _running;
    private double _batchSeconds = FirstBatchSeconds;
    private bool _isClosed;

    /// <summary>Number of requested images that are neither finished nor abandoned.</summary>
    public int Open
    {
        get
        {
            lock (_gate)
            {
                return _waiting + _running;
            }
        }
    }

    /// <summary>Whether a call of one image by a caller of its own would be accepted.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return !_isClosed && (options.WhenFull == QueueFullMode.Wait || _waiting < options.QueueCapacity);
            }
        }
    }

    /// <summary>Throws what <see cref="Add"/> would throw.</summary>
    public void RequireRoom(string? key, int count)
    {
        lock (_gate)
        {
            Check(key is null ? null : _byKey.GetValueOrDefault(key), count);
        }
    }

    /// <summary>Puts the images of a call into the queue, all or none.</summary>
    /// <exception cref="ArgumentException">The call has more images than could ever be accepted.</exception>
    /// <exception cref="ServiceBusyException">The queue, or the caller's share of it, is full.</exception>
    /// <exception cref="ObjectDisposedException">The service has been disposed.</exception>
    public ImageCall Add(GMemModel model, string? key, GenerationRequest[] requests, bool previews, CancellationToken gone)
    {
        ImageCall call;
        lock (_gate)
        {
            Caller? known = key is null ? null : _byKey.GetValueOrDefault(key);
            Check(known, requests.Length);
            Caller caller = known ?? new Caller(key);
            call = new ImageCall(model, caller, requests, previews, options.Unread, gone);
            if (known is null && key is not null)
            {
                _byKey.Add(key, caller);
            }

            if (caller.Calls.Count == 0)
            {
                _ = _turns.AddLast(caller);
            }

            _ = caller.Calls.AddLast(call);
            caller.Open += requests.Length;
            _waiting += requests.Length;
        }

        Wake();
        return call;
    }

    /// <summary>Takes images, one from each caller in turn, as far as readers keep up.</summary>
    public List<QueuedImage> Take(int count)
    {
        List<QueuedImage> taken = [];
        lock (_gate)
        {
            for (int passed = 0; taken.Count < count && passed < _turns.Count;)
            {
                Caller caller = _turns.First!.Value;
                _turns.RemoveFirst();
                if (caller.Calls.FirstOrDefault(c => c.HasRoom && !c.IsGone) is { } call)
                {
                    passed = 0;
                    taken.Add(call.Take());
                    if (call.Waiting == 0)
                    {
                        _ = caller.Calls.Remove(call);
                    }
                }
                else
                {
                    passed++;
                }

                if (caller.Calls.Count > 0)
                {
                    _ = _turns.AddLast(caller);
                }
            }

            _waiting -= taken.Count;
            _running += taken.Count;
        }

        return taken;
    }

    /// <summary>Notes that a batch is finished, whether or not it gave images.</summary>
    /// <param name="batch">What <see cref="Take"/> gave.</param>
    /// <param name="length">How long it took; null if it was stopped.</param>
    public void Finish(List<QueuedImage> batch, TimeSpan? length)
    {
        lock (_gate)
        {
            _running -= batch.Count;
            foreach (QueuedImage image in batch)
            {
                Close(image.Call.Caller, 1);
            }

            if (length is { } measured)
            {
                _batchSeconds += LatestWeight * (measured.TotalSeconds - _batchSeconds);
            }
        }
    }

    /// <summary>Drops what a call still waits for; an ended call has nothing to drop.</summary>
    public void Remove(ImageCall call)
    {
        lock (_gate)
        {
            Caller caller = call.Caller;
            int dropped = call.Drop();
            _waiting -= dropped;
            if (caller.Calls.Remove(call) && caller.Calls.Count == 0)
            {
                _ = _turns.Remove(caller);
            }

            Close(caller, dropped);
        }
    }

    /// <summary>Refuses further calls and ends the worker.</summary>
    /// <returns>The calls with waiting images, which are dropped.</returns>
    public ImageCall[] Close()
    {
        ImageCall[] waiting;
        lock (_gate)
        {
            _isClosed = true;
            waiting = [.. _turns.SelectMany(c => c.Calls)];
        }

        Array.ForEach(waiting, Remove);
        _ = _wake.Writer.TryComplete();
        return waiting;
    }

    /// <summary>Tells the worker that there may be something to take.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Waits for <see cref="Wake"/>.</summary>
    /// <returns>False once the queue is closed.</returns>
    public async ValueTask<bool> WaitAsync()
    {
        bool open = await _wake.Reader.WaitToReadAsync().ConfigureAwait(false);
        _ = _wake.Reader.TryRead(out _);
        return open;
    }

    private void Check(Caller? caller, int count)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(ImageService));
        Check(options.CallerCapacity, caller?.Open ?? 0, count, nameof(options.CallerCapacity), "the caller has waiting or in progress");
        if (options.WhenFull == QueueFullMode.Refuse)
        {
            Check(options.QueueCapacity, _waiting, count, nameof(options.QueueCapacity), "are waiting");
        }
    }

    private void Check(int? limit, int present, int count, string name, string what)
    {
        if (count > limit)
        {
            throw new ArgumentException(
                $"The call asks for {count} images, but {name} allows {limit}; ask for fewer at a time.", "requests");
        }

        if (count > limit - present)
        {
            double seconds = Math.Ceiling((double)(_waiting + _running + count) / options.BatchSize) * _batchSeconds;
            throw new ServiceBusyException(
                $"The service is busy: {present} images {what}, and {name} is {limit}. Try again in {Math.Ceiling(seconds):0} s.",
                TimeSpan.FromSeconds(seconds));
        }
    }

    private void Close(Caller caller, int count)
    {
        caller.Open -= count;

        // A call that ended before may be removed once more, when its key is already that of a new caller.
        if (caller.Open == 0 && caller.Key is not null && _byKey.GetValueOrDefault(caller.Key) == caller)
        {
            _ = _byKey.Remove(caller.Key);
        }
    }
}

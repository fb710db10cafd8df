using System.Diagnostics;
using System.Net;

namespace GMem.Distributed;

/// <summary>
/// The processes that train or generate together, one of which this is. Started by <c>mpirun</c>, <c>srun</c> or a relative of them, they
/// talk over MPI, whose library is found at run time; a process that nothing launched is a group of its own and needs none.
/// </summary>
/// <remarks>
/// All ranks must call the same collective methods (<see cref="Sum"/>, <see cref="Broadcast(torch.Tensor, int)"/>,
/// <see cref="Barrier"/>, and whatever is given the group) in the same order. A rank that ends by an exception ends all of them.
/// </remarks>
public sealed unsafe partial class RankGroup
{
    /// <summary>How long a rank waits for the others unless told otherwise: 10 minutes.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    /// <summary>An environment variable with that time in seconds, for programs that do not say it.</summary>
    public const string TimeoutVariable = "GMEM_RANK_TIMEOUT";

    /// <summary>Others fail the same way a moment later; the first rank says it for all.</summary>
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(2);

    /// <summary>What the shell says of a process that was stopped by Ctrl-C.</summary>
    private const int Stopped = 130;

    private static readonly Lock Gate = new();
    private static RankGroup? Joined;

    private readonly MpiLibrary? _mpi;
    private readonly Watchdog? _watchdog;
    private readonly MpiCollectives? _host;
    private readonly RankPlace _place = RankPlace.Alone;
    private int _ending;

    private RankGroup()
    {
    }

    private RankGroup(MpiLibrary mpi, TimeSpan timeout)
    {
        _mpi = mpi;
        Timeout = timeout;
        (Rank, Size, Library) = (mpi.Rank, mpi.Size, mpi.Version);
        _watchdog = new Watchdog(timeout, EndLate);
        _host = new MpiCollectives(this, mpi);
        string[] places = ExchangeText($"{Dns.GetHostName()}\n{RankPlace.Processors()}");
        string? said = Environment.GetEnvironmentVariable("OMP_NUM_THREADS");
        bool isWanted = int.TryParse(said, CultureInfo.InvariantCulture, out int wanted) && wanted > 0;
        _place = RankPlace.Of([.. places.Select(p => p.Split('\n')).Select(p => (p[0], p[1]))], Rank, isWanted ? wanted : null);

        // MKL reads the number of local ranks from Open MPI's environment and would cut libtorch's threads by it once more.
        GMemRuntime.EnsureLoaded();
        torch.set_num_threads(Threads);
    }

    /// <summary>This process by itself: rank 0 of 1.</summary>
    public static RankGroup Alone { get; } = new();

    /// <summary>Number of this process, from 0. Rank 0 is the one that writes files.</summary>
    public int Rank { get; }

    /// <summary>How many processes there are; 1 where nothing launched this one.</summary>
    public int Size { get; } = 1;

    /// <summary>Number of this process among those of its host, from 0.</summary>
    public int LocalRank => _place.LocalRank;

    /// <summary>How many processes there are on this host.</summary>
    public int LocalSize => _place.LocalSize;

    /// <summary>Threads of this process: its share of the processors that it may run on. libtorch uses as many.</summary>
    public int Threads => _place.Threads;

    /// <summary>How long this rank waits for the others before it ends them all.</summary>
    public TimeSpan Timeout { get; } = DefaultTimeout;

    /// <summary>The MPI library and its version; "none" for a process by itself.</summary>
    public string Library { get; } = "none";

    /// <summary>Threads of all processes of this host together, at most its processors.</summary>
    internal int HostThreads => _place.HostThreads;

    /// <summary>
    /// Joins the processes that a launcher of MPI started this one with, and sets the number of libtorch's threads to this one's share of
    /// the processors, unless <c>OMP_NUM_THREADS</c> says it. Calling it again gives the same group.
    /// </summary>
    /// <param name="timeout">
    /// How long a rank waits for the others before it ends them all with a message: longer than the longest thing that one does alone (a
    /// checkpoint, a file), shorter than one is ready to wait after a link went down. Above 0;
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for ever; null for what <see cref="TimeoutVariable"/> says, else
    /// <see cref="DefaultTimeout"/>.
    /// </param>
    /// <returns>The group; <see cref="Alone"/> where no launcher started this process, or only this one.</returns>
    /// <exception cref="GMemRuntimeException">
    /// A launcher started several processes, but no MPI library is found, or one that does not belong to it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is not above 0.</exception>
    public static RankGroup Join(TimeSpan? timeout = null)
    {
        if (timeout is { } given && given != System.Threading.Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(given, TimeSpan.Zero, nameof(timeout));
        }

        lock (Gate)
        {
            return Joined ??= Start(Launch.Of(Environment.GetEnvironmentVariable), timeout ?? TimeoutOfEnvironment());
        }
    }

    /// <summary>
    /// The GPU of this rank where it has not been told another: its number among the ranks of its host, which start again where there are
    /// fewer GPUs. Null without GPUs, and for a process by itself, which takes the first.
    /// </summary>
    public int? GpuDeviceId => Size == 1 || !torch.cuda.is_available() ? null : LocalRank % torch.cuda.device_count();

    /// <summary>The part of so many things that is this rank's: parts differ by one at most, and follow each other by rank.</summary>
    /// <param name="count">How many things, at least 0.</param>
    /// <returns>The first, from 0, and how many.</returns>
    public (long Begin, long Length) PartOf(long count) => PartOf(count, Rank);

    /// <summary>
    /// Adds a tensor up over all ranks, in pairs of neighbours, so that the bits depend on nothing but their number.
    /// </summary>
    /// <param name="tensor">float32, contiguous; on every rank of the same size. Holds the sum afterwards.</param>
    /// <exception cref="ArgumentException">It is not float32, or not contiguous.</exception>
    /// <exception cref="IOException">MPI failed.</exception>
    public void Sum(torch.Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.dtype != torch.float32 || !tensor.is_contiguous())
        {
            throw new ArgumentException(
                $"Ranks add up contiguous float32 tensors; this one is {tensor.dtype}"
                    + $"{(tensor.is_contiguous() ? "" : " and not contiguous")}.",
                nameof(tensor));
        }

        if (Size > 1)
        {
            using torch.Tensor flat = tensor.view(-1);
            Segments segments = new(flat.numel(), 1, Size);
            ITensorCollectives collectives = On(tensor.device);
            collectives.SumSegments(flat, segments);
            collectives.GatherSegments(flat, segments);
        }
    }

    /// <summary>Copies a tensor from one rank to all.</summary>
    /// <param name="tensor">Contiguous; on every rank of the same size and type.</param>
    /// <param name="root">The rank that has the values. Default 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    /// <exception cref="IOException">MPI failed.</exception>
    public void Broadcast(torch.Tensor tensor, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, Size);
        if (Size > 1)
        {
            On(tensor.device).Broadcast(tensor, root);
        }
    }

    /// <summary>Copies a number from rank 0 to all.</summary>
    /// <param name="number">The number; what other ranks give does not matter.</param>
    /// <returns>Rank 0's.</returns>
    /// <exception cref="IOException">MPI failed.</exception>
    public long Broadcast(long number)
    {
        if (Size > 1)
        {
            using (Waiting("a number"))
            {
                _mpi!.Broadcast(&number, sizeof(long), 0);
            }
        }

        return number;
    }

    /// <summary>Waits until all ranks have come here.</summary>
    /// <exception cref="IOException">MPI failed.</exception>
    public void Barrier()
    {
        if (Size > 1)
        {
            using (Waiting("a barrier"))
            {
                _mpi!.Barrier();
            }
        }
    }

    /// <summary>Ends all ranks, this one included, after a message on standard error. Does not return.</summary>
    /// <param name="message">
    /// What went wrong; empty says nothing. Ranks above 0 wait a moment before they say it, because the same mostly happens to all.
    /// </param>
    /// <param name="exitCode">What the launcher returns. Default 1.</param>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public void Abort(string message, int exitCode = 1)
    {
        if (Interlocked.Exchange(ref _ending, 1) == 0)
        {
            if (Rank > 0)
            {
                Thread.Sleep(Courtesy);
            }

            ProcessEnd.All(message, exitCode, _mpi);
        }

        Thread.Sleep(System.Threading.Timeout.Infinite);
        throw new UnreachableException();
    }

    /// <summary>
    /// Runs something in which ranks wait for each other. One that is stopped alone would leave the others waiting: it ends all of them,
    /// with the exit code 130. A process by itself throws.
    /// </summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="action">What is run.</param>
    /// <param name="message">What is said where it is stopped.</param>
    /// <returns>What the action gives.</returns>
    /// <exception cref="OperationCanceledException">It was stopped, in a process by itself.</exception>
    public T EndAllIfStopped<T>(Func<T> action, string message)
    {
        ArgumentNullException.ThrowIfNull(action);
        try
        {
            return action();
        }
        catch (OperationCanceledException) when (Size > 1)
        {
            Abort(message, Stopped);
            throw;
        }
    }

    /// <summary>
    /// What one rank does alone while the others wait: with as many threads as all of this host have, so that its bits are those of one
    /// process that has them all.
    /// </summary>
    internal T WithHostThreads<T>(Func<T> action)
    {
        if (Size == 1)
        {
            return action();
        }

        int own = torch.get_num_threads();
        torch.set_num_threads(HostThreads);
        try
        {
            return action();
        }
        finally
        {
            torch.set_num_threads(own);
        }
    }

    /// <summary>How ranks work together with tensors of a device.</summary>
    internal ITensorCollectives On(torch.Device device) => device.type == DeviceType.CPU
        ? _host ?? throw new InvalidOperationException("A process by itself has nobody to talk to.")
        : NcclGroup.Of(this, device) ?? (ITensorCollectives)new StagedCollectives(_host!);

    /// <summary>Marks a wait for others, until it is disposed.</summary>
    internal Wait Waiting(string what) => new(_watchdog, what);

    internal (long Begin, long Length) PartOf(long count, int rank)
    {
        long begin = count * rank / Size;
        return (begin, (count * (rank + 1) / Size) - begin);
    }

    /// <summary>The exit code and the line of an exception that ends a rank.</summary>
    internal static int ExitCodeOf(Exception exception) => exception is RanksDifferException ? 2 : 1;

    private static TimeSpan TimeoutOfEnvironment()
    {
        string? said = Environment.GetEnvironmentVariable(TimeoutVariable);
        return string.IsNullOrEmpty(said) ? DefaultTimeout
            : double.TryParse(said, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds > 0 && seconds < 1e8
                ? TimeSpan.FromSeconds(seconds)
                : throw new GMemRuntimeException($"{TimeoutVariable} is '{said}'; it must be a number of seconds above 0.");
    }

    private static RankGroup Start(Launch? launch, TimeSpan timeout)
    {
        if (launch is null || launch.Size == 1)
        {
            return Alone;
        }

        MpiLibrary mpi = MpiLibrary.TryJoin(launch.Libraries) ?? throw new GMemRuntimeException(
            $"This process was started as one of {launch.Size?.ToString(CultureInfo.InvariantCulture) ?? "several"} by {launch.By}, but no "
                + $"MPI library was found (looked for {string.Join(", ", launch.Libraries)}). Install it on every host, for instance "
                + $"'apt-get install libopenmpi3' or 'libmpich12', or set {Launch.LibraryVariable} to its path.");
        if (launch.Size is { } size && size != mpi.Size)
        {
            throw new GMemRuntimeException(
                $"This process was started as one of {size} by {launch.By}, but the MPI library '{mpi.Version}' sees {mpi.Size}: the "
                    + $"library is not the launcher's. Set {Launch.LibraryVariable} to the one that belongs to it.");
        }

        RankGroup group = new(mpi, timeout);
        AppDomain.CurrentDomain.UnhandledException += (_, e) => group.Abort(
            e.ExceptionObject is RanksDifferException known
                ? known.Message
                : $"rank {group.Rank} of {group.Size} failed: {e.ExceptionObject}",
            ExitCodeOf((e.ExceptionObject as Exception)!));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => group.Leave();
        return group;
    }

    private void EndLate(string what, TimeSpan after)
    {
        if (Interlocked.Exchange(ref _ending, 1) == 0)
        {
            ProcessEnd.All(
                $"rank {Rank} of {Size} ({Dns.GetHostName()}) has waited {after.TotalSeconds:0.#} s for the others, in {what}: one of them "
                    + "has ended or hangs, or a link between hosts is down. Ending all; the newest checkpoint is whole.", 1, _mpi);
        }
    }

    /// <summary>The regular end waits for the others; a process that returns a failure ends them.</summary>
    private void Leave()
    {
        if (Environment.ExitCode != 0)
        {
            Abort("", Environment.ExitCode);
        }

        if (Volatile.Read(ref _ending) == 0)
        {
            // Not under the watchdog: the first rank may have much to do by itself, and the launcher notices one that dies.
            _mpi!.Finish();
        }
    }

    /// <summary>A wait for others, which the watchdog sees.</summary>
    internal readonly ref struct Wait : IDisposable
    {
        private readonly Watchdog? _watchdog;

        public Wait(Watchdog? watchdog, string what)
        {
            _watchdog = watchdog;
            watchdog?.Begin(what);
        }

        public void Dispose() => _watchdog?.End();
    }
}

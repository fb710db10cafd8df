using System.Runtime.InteropServices;

namespace GMem.Distributed;

/// <summary>
/// The functions of an MPI library that are needed here, found at run time. Every handle is an <c>nint</c>: Open MPI's are the addresses of
/// exported symbols, those of MPICH and its relatives are integers.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>Lets several threads call: the watchdog ends the run while another thread waits.</summary>
    private const int ThreadMultiple = 3;
    private const int MostText = 8192;

    private readonly nint _library;
    private readonly delegate* unmanaged<nint, nint, int, int*, int> _initThread;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly delegate* unmanaged<nint, int*, int> _rank;
    private readonly delegate* unmanaged<nint, int*, int> _size;
    private readonly delegate* unmanaged<nint, nint, int> _setErrorHandler;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly delegate* unmanaged<nint, int> _barrier;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> _broadcast;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int> _allGather;
    private readonly delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, int> _allGatherV;
    private readonly delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, int, nint, int> _gatherV;
    private readonly delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, int> _allToAllV;
    private readonly delegate* unmanaged<int, byte*, int*, int> _errorText;
    private readonly nint _world;
    private readonly nint _float;
    private readonly nint _byte;
    private readonly nint _inPlace;

    private MpiLibrary(nint library)
    {
        _library = library;
        bool isOpenMpi = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _world);
        if (!isOpenMpi)
        {
            _world = 0x44000000;
        }

        _float = isOpenMpi ? Export("ompi_mpi_float") : 0x4c00040a;
        _byte = isOpenMpi ? Export("ompi_mpi_byte") : 0x4c00010d;
        _inPlace = isOpenMpi ? 1 : -1;
        _initThread = (delegate* unmanaged<nint, nint, int, int*, int>)Export("MPI_Init_thread");
        _finalize = (delegate* unmanaged<int>)Export("MPI_Finalize");
        _rank = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_rank");
        _size = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_size");
        _setErrorHandler = (delegate* unmanaged<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        _abort = (delegate* unmanaged<nint, int, int>)Export("MPI_Abort");
        _barrier = (delegate* unmanaged<nint, int>)Export("MPI_Barrier");
        _broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Export("MPI_Bcast");
        _allGather = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int>)Export("MPI_Allgather");
        _allGatherV = (delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, int>)Export("MPI_Allgatherv");
        _gatherV = (delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, int, nint, int>)Export("MPI_Gatherv");
        _allToAllV = (delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, int>)Export("MPI_Alltoallv");
        _errorText = (delegate* unmanaged<int, byte*, int*, int>)Export("MPI_Error_string");
        Initialize(isOpenMpi);
    }

    /// <summary>Rank of this process, from 0.</summary>
    public int Rank { get; private set; }

    /// <summary>Number of processes.</summary>
    public int Size { get; private set; }

    /// <summary>What the library calls itself, one line.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Loads the first library that there is, and joins the other processes.</summary>
    /// <param name="names">Names or paths, the most wanted first.</param>
    /// <returns>Null where there is none of them.</returns>
    public static MpiLibrary? TryJoin(IEnumerable<string> names)
    {
        // UCX, which MPICH may bring, would replace .NET's handler of SIGSEGV: a NullReferenceException would end the process.
        NativeEnvironment.SetDefault("UCX_ERROR_SIGNALS", "");
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new MpiLibrary(library);
            }
        }

        return null;
    }

    public void Finish() => Check(_finalize(), "MPI_Finalize");

    /// <summary>Ends all processes; does not return where MPI still can do it.</summary>
    public void Abort(int code) => _ = _abort(_world, code);

    public void Barrier() => Check(_barrier(_world), "MPI_Barrier");

    public void Broadcast(void* bytes, int count, int root) => Check(_broadcast(bytes, count, _byte, root, _world), "MPI_Bcast");

    /// <summary>As many bytes from every rank, in the order of the ranks, to all.</summary>
    public void AllGather(void* own, void* all, int count) =>
        Check(_allGather(own, count, _byte, all, count, _byte, _world), "MPI_Allgather");

    /// <summary>Bytes from every rank to all; arrays have one number a rank.</summary>
    public void AllGather(void* own, void* all, int[] counts, int[] offsets)
    {
        fixed (int* sizes = counts, starts = offsets)
        {
            Check(_allGatherV(own, counts[Rank], _byte, all, sizes, starts, _byte, _world), "MPI_Allgatherv");
        }
    }

    /// <summary>Bytes from every rank to the first; arrays have one number a rank.</summary>
    public void Gather(void* own, void* all, int[] counts, int[] offsets)
    {
        fixed (int* sizes = counts, starts = offsets)
        {
            Check(_gatherV(own, counts[Rank], _byte, all, sizes, starts, _byte, 0, _world), "MPI_Gatherv");
        }
    }

    /// <summary>Each rank's own part of a buffer of float32, in place, to all.</summary>
    public void AllGatherFloats(float* all, int[] counts, int[] offsets)
    {
        fixed (int* sizes = counts, starts = offsets)
        {
            Check(_allGatherV((void*)_inPlace, 0, _float, all, sizes, starts, _float, _world), "MPI_Allgatherv");
        }
    }

    /// <summary>Part j of the buffer goes to rank j, whose part of everybody's buffer arrives in the order of the ranks.</summary>
    public void AllToAllFloats(float* send, int[] sendCounts, int[] sendOffsets, float* receive, int[] receiveCounts, int[] receiveOffsets)
    {
        fixed (int* sizes = sendCounts, starts = sendOffsets, arriving = receiveCounts, places = receiveOffsets)
        {
            Check(_allToAllV(send, sizes, starts, _float, receive, arriving, places, _float, _world), "MPI_Alltoallv");
        }
    }

    private void Initialize(bool isOpenMpi)
    {
        int provided, rank, size, length = 0;
        Check(_initThread(0, 0, ThreadMultiple, &provided), "MPI_Init_thread");
        Check(_setErrorHandler(_world, isOpenMpi ? Export("ompi_mpi_errors_return") : 0x54000001), "MPI_Comm_set_errhandler");
        Check(_rank(_world, &rank), "MPI_Comm_rank");
        Check(_size(_world, &size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
        byte* text = stackalloc byte[MostText];
        delegate* unmanaged<byte*, int*, int> version = (delegate* unmanaged<byte*, int*, int>)Export("MPI_Get_library_version");
        Check(version(text, &length), "MPI_Get_library_version");
        string said = Marshal.PtrToStringUTF8((nint)text, length).Trim('\0', ' ', '\n');
        Version = string.Join(' ', said.Split('\n')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Split(", package")[0];
    }

    private nint Export(string name) => NativeLibrary.TryGetExport(_library, name, out nint address) ? address
        : throw new GMemRuntimeException(
            $"The MPI library has no '{name}'. {Launch.LibraryVariable} can name another (Open MPI 4 or 5, MPICH 4 or a relative of it).");

    private void Check(int code, string function)
    {
        if (code != 0)
        {
            byte* text = stackalloc byte[MostText];
            int length = 0;
            string said = _errorText(code, text, &length) == 0 ? Marshal.PtrToStringUTF8((nint)text, length) : $"error {code}";
            throw new IOException($"{function} failed: {said}. Another rank has ended, or a link between hosts is down.");
        }
    }
}

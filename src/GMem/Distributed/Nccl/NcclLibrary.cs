using System.Runtime.InteropServices;

namespace GMem.Distributed;

/// <summary>The functions of NCCL that are needed here, found at run time.</summary>
internal sealed unsafe class NcclLibrary
{
    /// <summary>Names the library that is taken, and no other; a name that stands for none switches NCCL off.</summary>
    public const string LibraryVariable = "GMEM_NCCL";

    private const int Float32 = 7;
    private const int Int8 = 0;
    private const int SumOperation = 0;

    private static readonly Lazy<NcclLibrary?> Found = new(() => Load(Candidates()));

    private readonly nint _library;
    private readonly delegate* unmanaged<NcclUniqueId*, int> _uniqueId;
    private readonly delegate* unmanaged<nint*, int, NcclUniqueId, int, int> _join;
    private readonly delegate* unmanaged<nint, nint, nuint, int, int, int, nint, nint, int> _reduce;
    private readonly delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int> _broadcast;
    private readonly delegate* unmanaged<int> _groupStart;
    private readonly delegate* unmanaged<int> _groupEnd;
    private readonly delegate* unmanaged<nint, int*, int> _failure;
    private readonly delegate* unmanaged<nint, int> _abort;
    private readonly delegate* unmanaged<int, nint> _errorText;

    private NcclLibrary(nint library)
    {
        _library = library;
        _uniqueId = (delegate* unmanaged<NcclUniqueId*, int>)Export("ncclGetUniqueId");
        _join = (delegate* unmanaged<nint*, int, NcclUniqueId, int, int>)Export("ncclCommInitRank");
        _reduce = (delegate* unmanaged<nint, nint, nuint, int, int, int, nint, nint, int>)Export("ncclReduce");
        _broadcast = (delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int>)Export("ncclBroadcast");
        _groupStart = (delegate* unmanaged<int>)Export("ncclGroupStart");
        _groupEnd = (delegate* unmanaged<int>)Export("ncclGroupEnd");
        _failure = (delegate* unmanaged<nint, int*, int>)Export("ncclCommGetAsyncError");
        _abort = (delegate* unmanaged<nint, int>)Export("ncclCommAbort");
        _errorText = (delegate* unmanaged<int, nint>)Export("ncclGetErrorString");
    }

    /// <summary>The library of this process; null where there is none.</summary>
    public static NcclLibrary? OfProcess => Found.Value;

    /// <param name="names">Names or paths, the most wanted first.</param>
    /// <returns>Null where there is none of them.</returns>
    public static NcclLibrary? Load(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            // libtorch of CUDA may have NCCL inside; a libtorch without it lacks the functions.
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "ncclGetUniqueId", out _))
            {
                return new NcclLibrary(library);
            }
        }

        return null;
    }

    public NcclUniqueId UniqueId()
    {
        NcclUniqueId id = default;
        Check(_uniqueId(&id), "ncclGetUniqueId");
        return id;
    }

    /// <returns>The communicator of this rank, of the device that is current.</returns>
    public nint Join(int size, NcclUniqueId id, int rank)
    {
        nint communicator = 0;
        Check(_join(&communicator, size, id, rank), "ncclCommInitRank");
        return communicator;
    }

    /// <summary>Sums float32 numbers of all ranks into those of one, in place. On torch's stream, so later operators see it.</summary>
    public void Reduce(nint numbers, long count, int root, nint communicator) =>
        Check(_reduce(numbers, numbers, (nuint)count, Float32, SumOperation, root, communicator, 0), "ncclReduce");

    public void Broadcast(nint bytes, long count, int root, nint communicator) =>
        Check(_broadcast(bytes, bytes, (nuint)count, Int8, root, communicator, 0), "ncclBroadcast");

    /// <summary>Operations until the end of the group are one.</summary>
    public void Together(Action operations)
    {
        Check(_groupStart(), "ncclGroupStart");
        operations();
        Check(_groupEnd(), "ncclGroupEnd");
    }

    /// <exception cref="IOException">An operation failed since, on this rank or another.</exception>
    public void RequireWorking(nint communicator)
    {
        int failure;
        Check(_failure(communicator, &failure), "ncclCommGetAsyncError");
        Check(failure, "an operation of NCCL");
    }

    /// <summary>Ends what a communicator is doing; nothing else can be done with it.</summary>
    public void Abort(nint communicator) => _ = _abort(communicator);

    /// <summary>Beside libtorch as its wheel has it, else on the loader's path, else inside libtorch.</summary>
    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } named)
        {
            yield return named;
            yield break;
        }

        string? folder = GMemRuntime.LibTorchFolder;
        if (folder is not null)
        {
            yield return Path.Combine(folder, "..", "..", "nvidia", "nccl", "lib", "libnccl.so.2");
        }

        yield return "libnccl.so.2";
        if (folder is not null)
        {
            yield return Path.Combine(folder, "libtorch_cuda.so");
        }
    }

    private nint Export(string name) => NativeLibrary.TryGetExport(_library, name, out nint address) ? address
        : throw new GMemRuntimeException($"The NCCL library has no '{name}'. {LibraryVariable} can name another (NCCL 2).");

    private void Check(int code, string function)
    {
        if (code != 0)
        {
            throw new IOException($"{function} failed: {Marshal.PtrToStringUTF8(_errorText(code))} (NCCL error {code}).");
        }
    }
}

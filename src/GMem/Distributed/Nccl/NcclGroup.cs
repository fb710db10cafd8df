using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;

namespace GMem.Distributed;

/// <summary>Tensors of GPUs, over NCCL: one rank a GPU. The sums are NCCL's, whose bits depend on the number of ranks.</summary>
internal sealed class NcclGroup(NcclLibrary nccl, int size, int rank, NcclUniqueId id) : ITensorCollectives
{
    private static readonly ConcurrentDictionary<int, NcclGroup?> OfDevices = new();

    /// <summary>Whose watchdog sees that the others do not come; null in tests.</summary>
    private RankGroup? _ranks;

    internal nint Communicator { get; } = nccl.Join(size, id, rank);

    /// <summary>The group of a GPU, which all ranks make together when they first need it.</summary>
    /// <returns>Null where a rank has no NCCL, or two share a GPU: NCCL refuses that.</returns>
    public static NcclGroup? Of(RankGroup ranks, torch.Device device) => OfDevices.GetOrAdd(device.index, _ =>
    {
        NcclLibrary? nccl = NcclLibrary.OfProcess;
        string[] places = ranks.ExchangeText(nccl is null ? "" : PlaceOf(device));
        if (!IsPossible(places))
        {
            return null;
        }

        byte[] id = ranks.Exchange(ranks.Rank == 0 ? Bytes(nccl!.UniqueId()) : [])[0];

        // NCCL takes the device that is current on this thread; operators of libtorch put back the one that was.
        using torch.Tensor first = torch.zeros(1, device: device);
        CudaRuntime.SetDevice(device.index);
        using (ranks.Waiting("the start of NCCL"))
        {
            return new NcclGroup(nccl!, ranks.Size, ranks.Rank, MemoryMarshal.Read<NcclUniqueId>(id)) { _ranks = ranks };
        }
    });

    /// <summary>Host and GPU. A launcher that shows each process one GPU names it by what it shows.</summary>
    private static string PlaceOf(torch.Device device) =>
        $"{Dns.GetHostName()} {Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES")} {device.index}";

    public void SumSegments(torch.Tensor flat, Segments segments) =>
        ForEach(flat, segments, (address, length, root) => nccl.Reduce(address, length, root, Communicator));

    public void GatherSegments(torch.Tensor flat, Segments segments)
    {
        ForEach(flat, segments, (address, length, root) => nccl.Broadcast(address, length * sizeof(float), root, Communicator));
        Await(flat);
    }

    public void Broadcast(torch.Tensor tensor, int root)
    {
        nccl.Broadcast(Address(tensor), tensor.numel() * tensor.ElementSize, root, Communicator);
        RequireWorking();
    }

    /// <summary>Whether ranks at these hosts and GPUs, empty for one without NCCL, can use it.</summary>
    internal static bool IsPossible(IReadOnlyCollection<string> places) =>
        !places.Contains("") && places.Distinct().Count() == places.Count;

    /// <summary>Does something with the segment of each rank that has one: of its address, its length, and the rank.</summary>
    private void ForEach(torch.Tensor flat, Segments segments, Action<nint, long, int> operation)
    {
        nint address = Address(flat);
        nccl.Together(() =>
        {
            foreach (int root in Enumerable.Range(0, segments.Count).Where(rank => segments.Length(rank) > 0))
            {
                operation(address + (nint)(segments.Begin(root) * sizeof(float)), segments.Length(root), root);
            }
        });
        RequireWorking();
    }

    /// <summary>
    /// NCCL only queues; a rank that has gone shows where the host waits for the device. Once a step it does so under the watchdog.
    /// </summary>
    private void Await(torch.Tensor tensor)
    {
        if (_ranks is not null)
        {
            using (_ranks.Waiting("NCCL"))
            using (torch.Tensor last = tensor.narrow(0, tensor.numel() - 1, 1))
            {
                last.cpu().Dispose();
            }

            RequireWorking();
        }
    }

    /// <summary>Operations that still run would wait for the others for ever.</summary>
    private void RequireWorking()
    {
        try
        {
            nccl.RequireWorking(Communicator);
        }
        catch (IOException)
        {
            nccl.Abort(Communicator);
            throw;
        }
    }

    private static byte[] Bytes(NcclUniqueId id) => MemoryMarshal.AsBytes(new ReadOnlySpan<NcclUniqueId>(in id)).ToArray();

    private static nint Address(torch.Tensor tensor) => tensor.is_contiguous()
        ? DataPointer(tensor.Handle)
        : throw new ArgumentException("The tensor must be contiguous.", nameof(tensor));

    /// <summary>Of TorchSharp's shim, which is loaded by now; TorchSharp itself gives no address on a device.</summary>
    [DllImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    private static extern nint DataPointer(nint tensor);
}

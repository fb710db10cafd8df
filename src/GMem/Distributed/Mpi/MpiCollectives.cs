using GMem.FileFormats;

namespace GMem.Distributed;

/// <summary>Tensors in main memory, over MPI.</summary>
internal sealed unsafe class MpiCollectives(RankGroup ranks, MpiLibrary mpi) : ITensorCollectives
{
    /// <summary>Numbers of a segment that are summed at once: what arrives from all ranks should stay in the caches.</summary>
    private const long Piece = 1 << 18;

    private const int BroadcastBytes = 1 << 26;

    /// <remarks>
    /// An all-to-all and an own sum instead of MPI_Reduce_scatter: the order in which that sums depends on the library and on the number
    /// of ranks.
    /// </remarks>
    public void SumSegments(torch.Tensor flat, Segments segments)
    {
        float* numbers = (float*)TensorBytes.Address(flat);
        int size = mpi.Size;
        using torch.Tensor buffer = torch.empty(size * Math.Min(Piece, Math.Max(1, segments.Longest))).DetachFromDisposeScope();
        float* arrived = (float*)TensorBytes.Address(buffer);
        int[] sendCounts = new int[size], sendOffsets = new int[size], receiveCounts = new int[size], receiveOffsets = new int[size];
        for (long done = 0; done < segments.Longest; done += Piece)
        {
            int own = Count(mpi.Rank, done);
            for (int rank = 0; rank < size; rank++)
            {
                sendCounts[rank] = Count(rank, done);
                sendOffsets[rank] = checked((int)Math.Min(segments.Begin(rank) + done, segments.Total));
                receiveCounts[rank] = own;
                receiveOffsets[rank] = rank * own;
            }

            using (ranks.Waiting("the sum of gradients"))
            {
                mpi.AllToAllFloats(numbers, sendCounts, sendOffsets, arrived, receiveCounts, receiveOffsets);
            }

            SegmentSum.Pairwise(arrived, size, own);
            new ReadOnlySpan<float>(arrived, own).CopyTo(new Span<float>(numbers + segments.Begin(mpi.Rank) + done, own));
        }

        int Count(int rank, long done) => (int)Math.Clamp(segments.Length(rank) - done, 0, Piece);
    }

    public void GatherSegments(torch.Tensor flat, Segments segments)
    {
        int[] counts = [.. Enumerable.Range(0, mpi.Size).Select(rank => checked((int)segments.Length(rank)))];
        int[] offsets = [.. Enumerable.Range(0, mpi.Size).Select(rank => checked((int)segments.Begin(rank)))];
        using (ranks.Waiting("the gathering of segments"))
        {
            mpi.AllGatherFloats((float*)TensorBytes.Address(flat), counts, offsets);
        }
    }

    public void Broadcast(torch.Tensor tensor, int root)
    {
        byte* bytes = TensorBytes.Address(tensor);
        long length = TensorBytes.Length(tensor);
        for (long done = 0; done < length; done += BroadcastBytes)
        {
            using (ranks.Waiting("a broadcast"))
            {
                mpi.Broadcast(bytes + done, (int)Math.Min(BroadcastBytes, length - done), root);
            }
        }
    }
}

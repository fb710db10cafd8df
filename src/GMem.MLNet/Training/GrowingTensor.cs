using System.Runtime.InteropServices;
using TorchSharp;

namespace GMem.MLNet.Training;

/// <summary>A tensor of rows whose number need not be known in advance. Memory that no row has reached is not resident.</summary>
internal sealed class GrowingTensor : IDisposable
{
    private const long FirstCapacity = 1024;

    /// <param name="rows">How many rows there will be, if known.</param>
    /// <param name="rowShape">Shape of a row.</param>
    /// <param name="type">Type of an entry.</param>
    public GrowingTensor(long? rows, long[] rowShape, torch.ScalarType type) =>
        Storage = torch.empty([Math.Max(rows ?? FirstCapacity, 1), .. rowShape], dtype: type);

    /// <summary><c>[capacity, ...]</c>; rows from <see cref="Count"/> on are undefined.</summary>
    public torch.Tensor Storage { get; private set; }

    /// <summary>Rows so far.</summary>
    public long Count { get; private set; }

    /// <summary>Makes room for one more row.</summary>
    /// <returns>Its index.</returns>
    public long Append()
    {
        if (Count == Storage.shape[0])
        {
            torch.Tensor larger = torch.empty([2 * Count, .. Storage.shape[1..]], dtype: Storage.dtype);
            using (torch.Tensor begin = larger.narrow(0, 0, Count))
            {
                begin.copy_(Storage);
            }

            Storage.Dispose();
            Storage = larger;
        }

        return Count++;
    }

    /// <summary>Adds a row of Single.</summary>
    /// <param name="row">As many numbers as a row has.</param>
    public void Append(ReadOnlySpan<float> row)
    {
        long index = Append();
        using torch.Tensor slot = Storage.narrow(0, index, 1);
        MemoryMarshal.AsBytes(row).CopyTo(slot.bytes);
    }

    /// <summary>The rows so far, as a tensor that stays when this is disposed.</summary>
    public torch.Tensor Rows() => Storage.narrow(0, 0, Count);

    public void Dispose() => Storage.Dispose();
}

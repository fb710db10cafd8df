using System.Runtime.InteropServices;
using System.Text;
using GMem.FileFormats;

namespace GMem.Distributed;

/// <content>What ranks give each other: bytes, numbers, texts, tensors.</content>
public sealed unsafe partial class RankGroup
{
    /// <summary>Bytes of every rank, in their order.</summary>
    /// <param name="own">What this rank gives to all; of any length, and all together at most 2 GiB.</param>
    /// <returns>One array a rank.</returns>
    /// <exception cref="IOException">MPI failed.</exception>
    /// <exception cref="InvalidOperationException">It is more than 2 GiB.</exception>
    public byte[][] Exchange(byte[] own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return Collect(own, toAll: true)!;
    }

    /// <summary>Bytes of every rank to the first.</summary>
    /// <returns>Null on the others.</returns>
    internal byte[][]? Gather(byte[] own) => Collect(own, toAll: false);

    /// <summary>A text of every rank, in their order.</summary>
    internal string[] ExchangeText(string own) => Array.ConvertAll(Exchange(Encoding.UTF8.GetBytes(own)), Encoding.UTF8.GetString);

    /// <summary>Texts of rank 0, on all; what the others give does not matter. None of them has a NUL.</summary>
    internal string[] ShareTexts(IEnumerable<string> own) => ExchangeText(Rank == 0 ? string.Join('\0', own) : "")[0].Split('\0');

    /// <summary>As many numbers of every rank, one rank after the other.</summary>
    internal T[] ExchangeNumbers<T>(T[] own)
        where T : unmanaged
    {
        if (Size == 1)
        {
            return own;
        }

        T[] all = new T[own.Length * Size];
        using (Waiting("an exchange of numbers"))
        {
            fixed (T* mine = own, everybody = all)
            {
                _mpi!.AllGather(mine, everybody, own.Length * sizeof(T));
            }
        }

        return all;
    }

    /// <summary>A tensor of rank 0 whose shape the others do not know.</summary>
    /// <param name="tensor">Contiguous, on the CPU, not empty; null on the others.</param>
    /// <returns>A new tensor on the others.</returns>
    internal torch.Tensor Share(torch.Tensor? tensor)
    {
        long[] shape = tensor?.shape ?? [];
        long[] header = [.. Exchange(tensor is null ? [] : Bytes([(long)tensor.dtype, .. shape]))[0].Chunk(sizeof(long))
            .Select(number => BitConverter.ToInt64(number))];
        torch.Tensor shared = tensor ?? torch.empty(header[1..], dtype: (torch.ScalarType)header[0]);
        Broadcast(shared);
        return shared;
    }

    /// <summary>Rows of every rank, one rank after the other.</summary>
    /// <param name="part">Contiguous, on the CPU.</param>
    /// <param name="bounds">The first row of each rank, and the number of all.</param>
    /// <returns>A new tensor.</returns>
    internal torch.Tensor GatherRows(torch.Tensor part, long[] bounds)
    {
        long count = bounds[^1];
        torch.Tensor whole = torch.empty([count, .. part.shape[1..]], dtype: part.dtype);
        long row = TensorBytes.Length(whole) / count;
        (int[] counts, int[] offsets, _) = Layout([.. Enumerable.Range(0, Size).Select(rank => (bounds[rank + 1] - bounds[rank]) * row)]);
        using (Waiting("encoded images"))
        {
            _mpi!.AllGather(TensorBytes.Address(part), TensorBytes.Address(whole), counts, offsets);
        }

        return whole;
    }

    /// <summary>Rows of every rank, one rank after the other, however many each has.</summary>
    /// <param name="part">A matrix, contiguous and on the CPU.</param>
    /// <returns>A new tensor.</returns>
    internal torch.Tensor GatherAll(torch.Tensor part)
    {
        long[] rows = ExchangeNumbers([part.shape[0]]);
        torch.Tensor whole = torch.empty([rows.Sum(), .. part.shape[1..]], dtype: part.dtype);
        long begin = 0;
        for (int rank = 0; rank < Size; begin += rows[rank++])
        {
            using torch.Tensor place = whole.narrow(0, begin, rows[rank]);
            _ = rank == Rank ? place.copy_(part) : place;
            if (rows[rank] > 0)
            {
                Broadcast(place, rank);
            }
        }

        return whole;
    }

    /// <summary>Requires that all ranks have the same of something.</summary>
    /// <param name="facts">By name.</param>
    /// <exception cref="RanksDifferException">They do not; thrown by all.</exception>
    internal void RequireSame(IReadOnlyDictionary<string, string> facts)
    {
        if (Size == 1)
        {
            return;
        }

        string[] all = ExchangeText(string.Join('\0', facts.SelectMany(f => new[] { f.Key, f.Value })));
        Dictionary<string, string> first = Facts(all[0]);
        for (int rank = 1; rank < Size; rank++)
        {
            if (all[rank] == all[0])
            {
                continue;
            }

            Dictionary<string, string> other = Facts(all[rank]);
            string[] differences =
            [
                .. first.Keys.Union(other.Keys).Order(StringComparer.Ordinal)
                    .Where(name => first.GetValueOrDefault(name) != other.GetValueOrDefault(name))
                    .Select(name =>
                        $"{name} is {other.GetValueOrDefault(name, "not there")} "
                            + $"(on rank 0: {first.GetValueOrDefault(name, "not there")})"),
            ];
            throw new RanksDifferException(
                $"Rank {rank} of {Size} was not given what rank 0 was: {string.Join("; ", differences)}. Give all ranks the same.");
        }

        static Dictionary<string, string> Facts(string text) =>
            text.Split('\0').Chunk(2).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1]);
    }

    private byte[][]? Collect(byte[] own, bool toAll)
    {
        if (Size == 1)
        {
            return [own];
        }

        (int[] counts, int[] offsets, int total) = Layout(ExchangeNumbers([own.LongLength]));
        bool isGiven = toAll || Rank == 0;
        byte[] all = new byte[isGiven ? Math.Max(total, 1) : 1];
        using (Waiting(toAll ? "an exchange" : "a gathering"))
        {
            fixed (byte* mine = own, everybody = all)
            {
                if (toAll)
                {
                    _mpi!.AllGather(mine, everybody, counts, offsets);
                }
                else
                {
                    _mpi!.Gather(mine, everybody, counts, offsets);
                }
            }
        }

        return isGiven ? [.. counts.Select((count, rank) => all.AsSpan(offsets[rank], count).ToArray())] : null;
    }

    private static (int[] Counts, int[] Offsets, int Total) Layout(long[] lengths)
    {
        if (lengths.Sum() > Array.MaxLength)
        {
            throw new InvalidOperationException($"Ranks exchange {lengths.Sum():N0} bytes at once; at most {Array.MaxLength:N0} can be.");
        }

        int[] counts = Array.ConvertAll(lengths, l => (int)l), offsets = new int[lengths.Length];
        for (int rank = 1; rank < counts.Length; rank++)
        {
            offsets[rank] = offsets[rank - 1] + counts[rank - 1];
        }

        return (counts, offsets, offsets[^1] + counts[^1]);
    }

    private static byte[] Bytes(long[] numbers) => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
}

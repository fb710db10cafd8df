using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>The entries of a bank in order, as segments of shared parts. All parts have vectors of one width and type.</summary>
internal sealed unsafe class BankLayout
{
    private const int LargestJoined = 1024;

    private readonly int[] _starts;

    public BankLayout(IReadOnlyList<BankSegment> segments)
    {
        Segments = segments;
        _starts = new int[segments.Count];
        long count = 0;
        for (int i = 0; i < _starts.Length; i++)
        {
            _starts[i] = (int)count;
            count += segments[i].Count;
            if (count > int.MaxValue)
            {
                throw new NotSupportedException($"A memory bank holds at most {int.MaxValue:N0} entries; {count:N0} were to be in one.");
            }
        }

        Count = (int)count;
    }

    public IReadOnlyList<BankSegment> Segments { get; }

    public int Count { get; }

    public int Width => Segments[0].Part.Vectors.Width;

    public torch.ScalarType Type => Segments[0].Part.Vectors.Type;

    public (BankPart Part, int Row) Locate(int index)
    {
        int segment = SegmentOf(index);
        return (Segments[segment].Part, Segments[segment].Row(index - _starts[segment]));
    }

    /// <summary>An uninitialised tensor for stored vectors, <c>[count, width]</c> on the CPU.</summary>
    public torch.Tensor Allocate(int count) => torch.empty([count, Width], dtype: Type, device: torch.CPU);

    /// <summary>Consecutive vectors as they are stored, <c>[count, width]</c> on the CPU.</summary>
    public torch.Tensor Vectors(int start, int count)
    {
        torch.Tensor vectors = Allocate(count);
        CopyVectors(start, count, TensorBytes.Address(vectors));
        return vectors;
    }

    /// <summary>Vectors at any indices as they are stored, <c>[k, width]</c> on the CPU.</summary>
    public torch.Tensor Vectors(ReadOnlySpan<long> indices)
    {
        torch.Tensor vectors = Allocate(indices.Length);
        nint destination = (nint)TensorBytes.Address(vectors);
        long rowBytes = RowBytes;
        long[] wanted = indices.ToArray();

        // Each row far from the others costs a wait; several threads wait at once.
        ParallelRows.For(wanted.Length, Width, (from, to) =>
        {
            for (long i = from; i < to; i++)
            {
                CopyVectors((int)wanted[i], 1, (byte*)(destination + ((nint)i * (nint)rowBytes)));
            }
        });
        return vectors;
    }

    /// <summary>Consecutive vectors in the first rows of a tensor that <see cref="Allocate"/> made, read by several threads.</summary>
    public torch.Tensor ReadPage(torch.Tensor buffer, int start, int count)
    {
        nint target = (nint)TensorBytes.Address(buffer);
        long rowBytes = RowBytes;

        // Page faults of a mapped file take longer than moving the bytes; several threads take them at once.
        ParallelRows.For(count, Width, (from, to) =>
            CopyVectors(start + (int)from, (int)(to - from), (byte*)(target + ((nint)from * (nint)rowBytes))));
        return buffer.narrow(0, 0, count);
    }

    /// <summary>Copies consecutive vectors as they are stored.</summary>
    public void CopyVectors(int start, int count, byte* destination)
    {
        for (int segment = SegmentOf(start); count > 0; segment++)
        {
            int within = start - _starts[segment];
            int piece = Math.Min(count, Segments[segment].Count - within);
            Segments[segment].CopyVectors(within, piece, destination);
            destination += (long)piece * RowBytes;
            start += piece;
            count -= piece;
        }
    }

    /// <summary>The entries at ascending positions. A segment that keeps all its rows stays as it is.</summary>
    public BankLayout Select(ReadOnlySpan<int> ascending)
    {
        List<BankSegment> kept = [];
        int at = 0;
        for (int segment = 0; segment < Segments.Count; segment++)
        {
            BankSegment source = Segments[segment];
            int first = at;
            int end = _starts[segment] + source.Count;
            while (at < ascending.Length && ascending[at] < end)
            {
                at++;
            }

            if (at - first == source.Count)
            {
                kept.Add(source);
            }
            else if (at > first)
            {
                int[] rows = new int[at - first];
                for (int i = 0; i < rows.Length; i++)
                {
                    rows[i] = source.Row(ascending[first + i] - _starts[segment]);
                }

                kept.Add(new BankSegment(source.Part, rows));
            }
        }

        return new BankLayout(kept);
    }

    /// <summary>These entries and then those of a new part.</summary>
    public BankLayout Append(BankPart part)
    {
        // Adding one by one must not leave a bank of a thousand segments: small ones in memory are put together.
        BankSegment last = Segments[^1];
        bool join = last.Rows is null && last.Part.Vectors.Bytes is ManagedBytes && last.Count + part.Vectors.Count <= LargestJoined;
        return join
            ? new BankLayout([.. Segments.Take(Segments.Count - 1), new BankSegment(BankPart.Join(last.Part, part), null)])
            : new BankLayout([.. Segments, new BankSegment(part, null)]);
    }

    /// <summary>
    /// The same entries with their snippets stored in another way, in memory; and the sum of the cosines to the former ones, where the new
    /// storage reports them.
    /// </summary>
    public (BankLayout Layout, double CosineSum) Recode(
        SnippetStorage from,
        SnippetStorage to,
        CancellationToken cancellationToken = default)
    {
        List<BankSegment> segments = [];
        double cosines = 0;
        for (int segment = 0; segment < Segments.Count; segment++)
        {
            BankSegment source = Segments[segment];
            SnippetIntake intake = new(to, from.DimensionOf(Width), source.Count, i => source.Part.Entries.Id(source.Row(i)));
            for (int start = 0; start < source.Count; start += RowNormalizer.Page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope scope = torch.NewDisposeScope();
                intake.Append(from.Decode(Vectors(_starts[segment] + start, Math.Min(RowNormalizer.Page, source.Count - start))));
            }

            segments.Add(new BankSegment(new BankPart(intake.Build(), source.Part.Entries.Select(source.Rows)), null));
            cosines += intake.CosineSum;
        }

        return (new BankLayout(segments), cosines);
    }

    /// <summary>Bytes of a stored vector.</summary>
    public int RowBytes => Width * SafetensorsHeader.ElementSize(Type);

    private int SegmentOf(int index)
    {
        int found = Array.BinarySearch(_starts, index);
        return found >= 0 ? found : ~found - 1;
    }
}

using System.Diagnostics;
using GMem.Distributed;
using GMem.FileFormats;
using GMem.Parts;

namespace GMem.Latents;

/// <summary>Encodes the images of a data set once, and finds them again.</summary>
/// <remarks>
/// With a workspace the result lies in <c>latents/KEY/shard-00000.safetensors</c> and so on, where the key is the SHA-256 of all images,
/// weights and settings. A shard is written whole or not at all, so a run that was killed goes on after its last complete one, and the next
/// run of the same things encodes nothing but what has been damaged since. Without a workspace it is kept in memory. Ranks encode their
/// part each; the first writes, and those that do not see its workspace keep the rows in memory.
/// </remarks>
internal static class LatentCache
{
    private const string Folder = "latents";

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    /// <param name="images">Rows uint8 <c>[C, H, W]</c>.</param>
    /// <param name="encoding">What to make of them.</param>
    /// <param name="workspace">The folder that keeps it, or null.</param>
    /// <param name="progress">Told after every batch that was encoded, and at the end.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <param name="ranks">Who encodes together; null for this process alone.</param>
    /// <returns>The rows; dispose them.</returns>
    /// <exception cref="IOException">The folder cannot be written, or another run is encoding the same images now.</exception>
    public static EncodedRows Encode(
        RowSource images,
        ImageEncoding encoding,
        string? workspace,
        IProgress<EncodingProgress>? progress,
        CancellationToken cancellationToken,
        RankGroup? ranks = null)
    {
        ranks ??= RankGroup.Alone;
        if (!encoding.IsNeeded)
        {
            return new EncodedRows();
        }

        long rows = encoding.RowsOfAShard(images.RowShape[^2], images.RowShape[^1]);
        return workspace is null
            ? InMemory(images, encoding, rows, progress, cancellationToken, ranks)
            : InShards(
                images,
                encoding,
                rows,
                Path.Combine(workspace, Folder, Key(images, encoding, cancellationToken)),
                progress,
                cancellationToken,
                ranks);
    }

    /// <summary>The key of images and all that decides what is made of them.</summary>
    private static string Key(RowSource images, ImageEncoding encoding, CancellationToken cancellationToken)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using CacheKey key = new();
        encoding.AddTo(key);
        foreach (torch.Tensor piece in images.Pieces(1024))
        {
            cancellationToken.ThrowIfCancellationRequested();
            key.Add(piece);
            piece.Dispose();
        }

        return key.Finish();
    }

    /// <summary>Encodes a batch, and says about once a second how far it is.</summary>
    private static Dictionary<string, torch.Tensor> Encode(
        ImageEncoding encoding, torch.Tensor images, EncodingProgress done, IProgress<EncodingProgress>? progress)
    {
        Lock gate = new();
        Stopwatch sinceReport = Stopwatch.StartNew();
        return encoding.Encode(images, count =>
        {
            lock (gate)
            {
                done = done with { Encoded = done.Encoded + count };
                if (sinceReport.Elapsed >= ReportInterval)
                {
                    sinceReport.Restart();
                    progress?.Report(done);
                }
            }
        });
    }

    /// <summary>Some images, of which each rank encodes its part.</summary>
    private static Dictionary<string, torch.Tensor> Encode(
        ImageEncoding encoding, RowSource images, long start, long count, EncodingProgress done, IProgress<EncodingProgress>? progress,
        RankGroup ranks)
    {
        // Whole pieces, as one process encodes them: a product of another height may round otherwise.
        long pieces = (count + ImageEncoding.PieceRows - 1) / ImageEncoding.PieceRows;
        if (ranks.Size == 1 || pieces < ranks.Size)
        {
            return Encode(encoding, images.Range(start, count), done, progress);
        }

        IEnumerable<long> begins = Enumerable.Range(0, ranks.Size).Select(rank => ranks.PartOf(pieces, rank).Begin);
        long[] bounds = [.. begins.Select(piece => piece * ImageEncoding.PieceRows), count];
        (long begin, long length) = (bounds[ranks.Rank], bounds[ranks.Rank + 1] - bounds[ranks.Rank]);
        Dictionary<string, torch.Tensor> part = Encode(encoding, images.Range(start + begin, length), done, progress);
        return part.OrderBy(p => p.Key, StringComparer.Ordinal)
            .ToDictionary(p => p.Key, p => ranks.GatherRows(p.Value.contiguous(), bounds), StringComparer.Ordinal);
    }

    private static EncodedRows InMemory(
        RowSource images,
        ImageEncoding encoding,
        long rowsAtOnce,
        IProgress<EncodingProgress>? progress,
        CancellationToken cancellationToken,
        RankGroup ranks)
    {
        EncodedRows encoded = new();
        try
        {
            for (long start = 0; start < images.Count; start += rowsAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope scope = torch.NewDisposeScope();
                long count = Math.Min(rowsAtOnce, images.Count - start);
                EncodingProgress done = new(start, 0, images.Count);
                encoded.Put(Encode(encoding, images, start, count, done, progress, ranks), start, images.Count);
                progress?.Report(done with { Encoded = start + count });
            }

            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    private static EncodedRows InShards(
        RowSource images,
        ImageEncoding encoding,
        long rowsOfAShard,
        string folder,
        IProgress<EncodingProgress>? progress,
        CancellationToken cancellationToken,
        RankGroup ranks)
    {
        bool isWriter = ranks.Rank == 0;
        using FileStream? only = isWriter ? Lock(folder) : null;
        EncodedRows? inMemory = Sees(folder, ranks) ? null : new EncodedRows();
        int shardCount = (int)((images.Count + rowsOfAShard - 1) / rowsOfAShard);
        string[] paths =
        [
            .. Enumerable.Range(0, shardCount)
                .Select(i => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"shard-{i:D5}.safetensors"))),
        ];
        EncodingProgress done = new(0, 0, images.Count);
        for (int i = 0; i < paths.Length; i++)
        {
            long start = i * rowsOfAShard, count = Math.Min(rowsOfAShard, images.Count - start);
            using DisposeScope scope = torch.NewDisposeScope();
            string? fault = isWriter && File.Exists(paths[i]) ? FaultOf(paths[i], count) : null;
            if (ranks.Broadcast(isWriter && File.Exists(paths[i]) && fault is null ? 1 : 0) == 1)
            {
                done = done with { Found = done.Found + count };
                ShareFound(paths[i], start, images.Count, inMemory, ranks);
                continue;
            }

            if (fault is not null)
            {
                progress?.Report(done with { Warning = $"A file of encoded images is damaged; its images are encoded again. {fault}" });
            }

            cancellationToken.ThrowIfCancellationRequested();
            Dictionary<string, torch.Tensor> table = Encode(encoding, images, start, count, done, progress, ranks);
            if (isWriter)
            {
                SafetensorsWriter.Write(paths[i], table);
            }

            inMemory?.Put(table, start, images.Count);
            done = done with { Encoded = done.Encoded + count };
            progress?.Report(done);
        }

        if (done.Encoded == 0)
        {
            progress?.Report(done);
        }

        ranks.Barrier();
        return inMemory ?? new EncodedRows(ShardSet.Open(paths));
    }

    /// <summary>
    /// Whether all ranks see the folder of the first, as on one machine or a shared disk; where they do not, none but the first uses it.
    /// </summary>
    private static bool Sees(string folder, RankGroup ranks)
    {
        if (ranks.Size == 1)
        {
            return true;
        }

        string mark = Path.Combine(folder, $"ranks-{ranks.Broadcast(Random.Shared.NextInt64()):x}");
        if (ranks.Rank == 0)
        {
            File.WriteAllBytes(mark, []);
        }

        ranks.Barrier();
        bool all = ranks.ExchangeNumbers([File.Exists(mark) ? (byte)1 : (byte)0]).All(seen => seen == 1);
        if (ranks.Rank == 0)
        {
            File.Delete(mark);
        }

        return all || ranks.Rank == 0;
    }

    /// <summary>Rows that the first rank has found, for those that do not see its files.</summary>
    private static void ShareFound(string path, long start, long count, EncodedRows? inMemory, RankGroup ranks)
    {
        if (ranks.ExchangeNumbers([inMemory is null ? (byte)0 : (byte)1]).All(wants => wants == 0))
        {
            return;
        }

        Dictionary<string, torch.Tensor> found = [];
        if (ranks.Rank == 0)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            found = file.ReadAll();
        }

        Dictionary<string, torch.Tensor> table = ranks.ShareTexts(found.Keys).ToDictionary(
            name => name, name => ranks.Share(found.GetValueOrDefault(name)), StringComparer.Ordinal);
        inMemory?.Put(table, start, count);
    }

    /// <summary>What is wrong with a shard, of which every byte is read; null for nothing.</summary>
    private static string? FaultOf(string path, long rows)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            file.Verify();
            long found = ShardSet.RowsOf(file);
            return found == rows ? null : $"'{path}' has {found} rows; expected are {rows}.";
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
    }

    private static FileStream Lock(string folder)
    {
        _ = Directory.CreateDirectory(folder);
        try
        {
            return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException(
                $"'{folder}' is in use: another run is encoding the same images into it. Wait for it, or give another WorkspacePath. "
                + $"({e.Message})", e);
        }
    }
}

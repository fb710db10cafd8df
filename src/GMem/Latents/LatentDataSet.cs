using GMem.Autoencoders;
using GMem.FileFormats;

namespace GMem.Latents;

/// <summary>
/// A folder of encoded images as the public code writes it, to train on without the images: mapped, so that it may be larger than memory.
/// </summary>
/// <remarks>
/// Every <c>.safetensors</c> file of the folder is a shard, in the ordinal order of their names. Each holds <c>latents</c> <c>[n, C, h,
/// w]</c> before normalisation and may hold <c>latents_flip</c> of the mirror images and <c>labels</c> <c>[n]</c>. Statistics may lie
/// beside them as <c>latents_stats.pt</c> or <c>.safetensors</c>. The folders that training caches under <c>WorkspacePath/latents</c> are
/// of the same layout, with <c>latents_std</c>, <c>snippets</c>, <c>tokens</c> and their <c>_flip</c> besides.
/// </remarks>
public sealed class LatentDataSet : IDisposable
{
    private const string StatisticsName = "latents_stats";

    private readonly UseCount _uses;

    private LatentDataSet(string folder, ShardSet shards, LatentStatistics? statistics)
    {
        Folder = folder;
        Rows = new EncodedRows(shards);
        Statistics = statistics;
        IReadOnlyList<long> shape = Rows[EncodedTable.Latents].RowShape;
        (Channels, Height, Width) = ((int)shape[0], (int)shape[1], (int)shape[2]);
        _uses = new UseCount(nameof(LatentDataSet), Rows.Dispose);
    }

    /// <summary>The folder it was opened by.</summary>
    public string Folder { get; }

    /// <summary>How many images.</summary>
    public long Count => Rows[EncodedTable.Latents].Count;

    /// <summary>Channels of a latent.</summary>
    public int Channels { get; }

    /// <summary>Rows of cells of a latent.</summary>
    public int Height { get; }

    /// <summary>Cells in a row.</summary>
    public int Width { get; }

    /// <summary>Whether the mirror images are there too, for <see cref="GMem.Training.TrainingOptions.HorizontalFlip"/>.</summary>
    public bool HasMirrorImages => Rows.Find(EncodedTable.Mirrored(EncodedTable.Latents)) is not null;

    /// <summary>Whether each image has a class number.</summary>
    public bool HasLabels => Rows.Find(EncodedTable.Labels) is not null;

    /// <summary>Whether the snippets are there too; the public code keeps them in a bank of their own.</summary>
    public bool HasSnippets => Rows.Find(EncodedTable.Snippets) is not null;

    /// <summary>The statistics in the folder, or null.</summary>
    public LatentStatistics? Statistics { get; }

    internal EncodedRows Rows { get; }

    /// <summary>Opens a folder; no latent is read.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The data set; dispose it.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">
    /// It holds no shards, or they are damaged or do not fit each other; the message names the file.
    /// </exception>
    public static LatentDataSet Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        }

        string[] paths =
        [
            .. Directory.EnumerateFiles(folder, "*.safetensors")
                .Where(p => Path.GetFileNameWithoutExtension(p) != StatisticsName).Order(StringComparer.Ordinal),
        ];
        if (paths.Length == 0)
        {
            throw new InvalidDataException($"'{folder}' holds no encoded images: there is no .safetensors file in it.");
        }

        ShardSet shards = ShardSet.Open(paths);
        try
        {
            Check(shards, paths[0]);
            return new LatentDataSet(folder, shards, ReadStatistics(folder));
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <summary>The class numbers of all images.</summary>
    internal long[] ReadLabels()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        RowSource labels = Rows[EncodedTable.Labels];
        return labels.Range(0, labels.Count).to(torch.int64).flatten().data<long>().ToArray();
    }

    /// <summary>Unmaps the files; training in progress finishes first.</summary>
    public void Dispose() => _uses.RemoveOwner();

    /// <summary>Keeps the files mapped.</summary>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    internal UseScope Use() => _uses.Hold();

    private static LatentStatistics? ReadStatistics(string folder)
    {
        string? path = new[] { ".safetensors", ".pt" }.Select(e => Path.Combine(folder, StatisticsName + e)).FirstOrDefault(File.Exists);
        return path is null ? null : LatentStatistics.Read(path);
    }

    private static void Check(ShardSet shards, string path)
    {
        RowSource latents = shards.Find(EncodedTable.Latents)
            ?? throw new InvalidDataException(
                $"'{path}' is no shard of encoded images: it has no '{EncodedTable.Latents}', but "
                + $"{string.Join(", ", shards.Entries.Select(e => $"'{e.Name}'"))}.");
        if (latents.RowShape is not [>= 1 and <= 65536, >= 1 and <= 65536, >= 1 and <= 65536] || !IsFloat(latents.Type))
        {
            throw new InvalidDataException(
                $"'{path}': latents must be floating-point [n, C, h, w]; they are {latents.Type} [n, "
                + $"{string.Join(", ", latents.RowShape)}].");
        }

        Fit(
            EncodedTable.Mirrored(EncodedTable.Latents),
            r => r.RowShape.SequenceEqual(latents.RowShape) && IsFloat(r.Type),
            "of the shape of the latents");
        Fit(EncodedTable.Deviations, r => r.RowShape.SequenceEqual(latents.RowShape) && IsFloat(r.Type), "of the shape of the latents");
        Fit(
            EncodedTable.Mirrored(EncodedTable.Deviations),
            r => r.RowShape.SequenceEqual(latents.RowShape) && IsFloat(r.Type),
            "of the shape of the latents");
        Fit(EncodedTable.Labels, r => r.RowShape is [] or [1] && !IsFloat(r.Type), "whole numbers [n]");
        Fit(EncodedTable.Snippets, r => r.RowShape.Count == 1 && IsFloat(r.Type), "floating-point [n, m]");

        void Fit(string name, Func<RowSource, bool> fits, string expected)
        {
            if (shards.Find(name) is { } rows && !fits(rows))
            {
                throw new InvalidDataException(
                    $"'{path}': '{name}' must be {expected}; it is {rows.Type} [n, {string.Join(", ", rows.RowShape)}].");
            }
        }
    }

    private static bool IsFloat(torch.ScalarType type) =>
        type is torch.ScalarType.Float32 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 or torch.ScalarType.Float64;
}

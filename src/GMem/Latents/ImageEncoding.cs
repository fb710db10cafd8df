using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Images;
using GMem.Parts;

namespace GMem.Latents;

/// <summary>
/// What is made of each image before training, once: latents, snippet and patch tokens, of the image and, if asked for, of its mirror
/// image.
/// </summary>
/// <param name="autoencoder">Makes the latents; null where the network works on pixels.</param>
/// <param name="encoder">Makes snippets and tokens; null where neither is wanted.</param>
/// <param name="tokenGrid">Patch tokens below and beside one another in the network's input; null where none are wanted.</param>
/// <param name="mirror">Whether mirror images are encoded too.</param>
internal sealed class ImageEncoding(ImageAutoencoder? autoencoder, SnippetEncoder? encoder, (int Rows, int Columns)? tokenGrid, bool mirror)
{
    /// <summary>Bytes of the shards that are written; a shard is encoded in one go, and what a kill costs is at most one.</summary>
    private const long ShardBytes = 64L << 20;

    private const long MostRowsInAShard = 1024;

    /// <summary>Images that one thread encodes at once.</summary>
    public const long PieceRows = 32;

    /// <summary>Whether there is anything to be made.</summary>
    public bool IsNeeded => autoencoder is not null || encoder is not null;

    /// <summary>Encodes a batch.</summary>
    /// <param name="images">uint8 <c>[n, C, H, W]</c> on the CPU.</param>
    /// <param name="encoded">Told, on any thread, of images that are done; not where they are encoded in one piece.</param>
    /// <returns>Tensors by the names of <see cref="EncodedTable"/>, on the CPU, in the caller's scope.</returns>
    public Dictionary<string, torch.Tensor> Encode(torch.Tensor images, Action<long>? encoded = null)
    {
        int pieces = (int)((images.shape[0] + PieceRows - 1) / PieceRows);
        if (pieces == 1 || autoencoder?.IsThreadSafe == false || encoder?.IsThreadSafe == false)
        {
            return EncodePiece(images);
        }

        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor>[] tables = new Dictionary<string, torch.Tensor>[pieces];
        try
        {
            CoreThreads.For(pieces, i =>
            {
                using torch.Tensor piece = images.narrow(0, i * PieceRows, Math.Min(PieceRows, images.shape[0] - (i * PieceRows)));
                tables[i] = EncodePiece(piece);
                encoded?.Invoke(piece.shape[0]);
            });
            return tables[0].Keys.ToDictionary(
                name => name, name => torch.cat([.. tables.Select(t => t[name])], 0).MoveToOuterDisposeScope(), StringComparer.Ordinal);
        }
        finally
        {
            foreach (torch.Tensor tensor in tables.Where(t => t is not null).SelectMany(t => t.Values))
            {
                tensor.Dispose();
            }
        }
    }

    private Dictionary<string, torch.Tensor> EncodePiece(torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        Dictionary<string, torch.Tensor> table = new(StringComparer.Ordinal);
        Encode(images, name => name, table);
        if (mirror)
        {
            Encode(images.flip(3).contiguous(), EncodedTable.Mirrored, table);
        }

        foreach (torch.Tensor tensor in table.Values)
        {
            _ = tensor.MoveToOuterDisposeScope();
        }

        return table;
    }

    /// <summary>The same number on every run with the same settings, so that shards of an earlier one fit.</summary>
    /// <param name="height">Rows of an image.</param>
    /// <param name="width">Pixels in a row.</param>
    public long RowsOfAShard(long height, long width)
    {
        long factor = autoencoder?.DownsamplingFactor ?? 1;
        long latents = autoencoder is null ? 0 : autoencoder.Channels * (height / factor) * (width / factor) * (sizeof(float) + 2);
        long tokens = encoder is null || tokenGrid is not { } grid ? 0 : (long)grid.Rows * grid.Columns * encoder.PatchTokenDimension * 2;
        long bytes = (latents + tokens + ((encoder?.Dimension ?? 0) * sizeof(float))) * (mirror ? 2 : 1);
        return Math.Clamp(ShardBytes / Math.Max(bytes, 1), 1, MostRowsInAShard);
    }

    /// <summary>Adds all that decides the result, but for the images.</summary>
    public void AddTo(CacheKey key)
    {
        string tokens = tokenGrid is not { } grid ? "0" : grid.Rows == grid.Columns ? $"{grid.Rows}" : $"{grid.Rows} x {grid.Columns}";
        key.Add($"latents 2; mirror {mirror}; tokens {tokens}");
        key.Add(autoencoder?.Fingerprint() ?? "pixels");
        key.Add(encoder?.Fingerprint() ?? "no encoder");
    }

    private void Encode(torch.Tensor images, Func<string, string> name, Dictionary<string, torch.Tensor> table)
    {
        if (autoencoder is not null)
        {
            using UseScope use = autoencoder.Use();
            (torch.Tensor mean, torch.Tensor? deviation) = autoencoder.EncodeRaw(images);
            table.Add(name(EncodedTable.Latents), mean.to(torch.CPU).to(torch.float32));
            if (deviation is not null)
            {
                table.Add(name(EncodedTable.Deviations), deviation.to(torch.CPU).to(EncodedTable.SmallType));
            }
        }

        if (encoder is null)
        {
            return;
        }

        using UseScope encoderUse = encoder.Use();
        using torch.Tensor rgb = ImageTensors.ToRgb(images);
        if (tokenGrid is not { } grid)
        {
            table.Add(name(EncodedTable.Snippets), encoder.Encode(rgb));
            return;
        }

        (torch.Tensor snippets, torch.Tensor tokens) = encoder.EncodeWithPatches(rgb);
        table.Add(name(EncodedTable.Snippets), snippets);
        (int rows, int columns) = encoder.PatchGrid((int)tokens.shape[1], (int)rgb.shape[2], (int)rgb.shape[3]);
        table.Add(name(EncodedTable.Tokens), OnGrid(tokens, rows, columns, grid).to(EncodedTable.SmallType));
    }

    /// <summary>Tokens of a finer grid are averaged down to that of the network, whose tokens they are compared with one by one.</summary>
    private static torch.Tensor OnGrid(torch.Tensor tokens, int rows, int columns, (int Rows, int Columns) wanted)
    {
        long count = tokens.shape[1];
        if ((rows, columns) == wanted && (long)rows * columns == count)
        {
            return tokens;
        }

        if ((long)rows * columns != count || rows < wanted.Rows || columns < wanted.Columns)
        {
            throw new ArgumentException(
                $"The encoder gives {count} patch tokens an image, but the network has {wanted.Rows} x {wanted.Columns} tokens, to which "
                    + "only a finer grid can be averaged down. "
                + "Use larger patches in the network, or take the projection loss out of Training.Losses.");
        }

        torch.Tensor grid = tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], rows, columns);
        return torch.nn.functional.adaptive_avg_pool2d(grid, [wanted.Rows, wanted.Columns]).flatten(2).transpose(1, 2).contiguous();
    }
}

namespace GMem.Encoders.DinoV2;

/// <summary>Resizes learned position embeddings <c>[1, 1 + M * M, D]</c> (the class token's comes first) to another grid of
/// patches.</summary>
internal static class PositionEmbedding
{
    /// <summary>The network's own rule, used whenever the input's grid differs from the stored one.</summary>
    /// <remarks>
    /// With an offset, positions are sampled at the scale factor (rows + offset) / M rather than rows / M, because the published models
    /// without registers were trained that way. Without an offset (the models with registers), the target size itself is used.
    /// </remarks>
    public static torch.Tensor ForGrid(torch.Tensor stored, long rows, long columns, double offset, bool antialias)
    {
        long side = Side(stored);
        if (rows == side && columns == side)
        {
            return stored.alias();
        }

        return offset == 0
            ? Resize(stored, side, [rows, columns], null, antialias)
            : Resize(stored, side, null, [(rows + offset) / side, (columns + offset) / side], antialias);
    }

    /// <summary>GMem's rule for snippets, applied once on loading: resize to a square grid with antialiasing, whatever the model.</summary>
    public static torch.Tensor ToSquare(torch.Tensor stored, long side) =>
        Side(stored) == side ? stored.alias() : Resize(stored, Side(stored), [side, side], null, antialias: true);

    /// <summary>M, or null if the shape is not that of a class token plus a square grid.</summary>
    public static long? TrySide(IReadOnlyList<long> shape)
    {
        if (shape is not [1, >= 2 and long count, >= 1])
        {
            return null;
        }

        long side = (long)Math.Round(Math.Sqrt(count - 1));
        return side * side == count - 1 ? side : null;
    }

    private static long Side(torch.Tensor stored) => TrySide(stored.shape) ?? throw new ArgumentException(
        $"A position embedding must be [1, 1 + M * M, D]; got [{string.Join(", ", stored.shape)}].", nameof(stored));

    private static torch.Tensor Resize(torch.Tensor stored, long side, long[]? size, double[]? factors, bool antialias)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long width = stored.shape[2];
        // 16-bit embeddings are resampled in float32, as in the public code.
        torch.Tensor all = stored.dtype == torch.ScalarType.Float64 ? stored : stored.to(torch.float32);
        torch.Tensor grid = all.narrow(1, 1, side * side).reshape(1, side, side, width).permute(0, 3, 1, 2);
        torch.Tensor resized = torch.nn.functional.interpolate(
            grid, size, factors, torch.InterpolationMode.Bicubic, align_corners: false, antialias: antialias);
        torch.Tensor flat = resized.permute(0, 2, 3, 1).reshape(1, -1, width);
        return torch.cat([all.narrow(1, 0, 1), flat], 1).to(stored.dtype).MoveToOuterDisposeScope();
    }
}

namespace GMem.Encoders.DinoV2;

/// <summary>Fits learned position embeddings <c>[1, 1 + M * M, D]</c> (the class token's first) to another grid of patches.</summary>
internal static class PositionEmbedding
{
    /// <summary>The rule inside the network, at every input whose grid is not the stored one.</summary>
    /// <remarks>
    /// With an offset, the resize goes by the scale factor (rows + offset) / M, and samples at that factor rather than at rows / M: the
    /// published models without registers were made so. Without one (the models with registers) it goes to the size itself.
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

    /// <summary>The rule of GMem's snippets, once at load: to a square grid, with antialiasing, whatever the model.</summary>
    public static torch.Tensor ToSquare(torch.Tensor stored, long side) =>
        Side(stored) == side ? stored.alias() : Resize(stored, Side(stored), [side, side], null, antialias: true);

    /// <summary>M, or null where the shape is not that of a class position and a square grid.</summary>
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
        // In 16-bit types the positions are resampled in float32, as the public code does.
        torch.Tensor all = stored.dtype == torch.ScalarType.Float64 ? stored : stored.to(torch.float32);
        torch.Tensor grid = all.narrow(1, 1, side * side).reshape(1, side, side, width).permute(0, 3, 1, 2);
        torch.Tensor resized = torch.nn.functional.interpolate(
            grid, size, factors, torch.InterpolationMode.Bicubic, align_corners: false, antialias: antialias);
        torch.Tensor flat = resized.permute(0, 2, 3, 1).reshape(1, -1, width);
        return torch.cat([all.narrow(1, 0, 1), flat], 1).to(stored.dtype).MoveToOuterDisposeScope();
    }
}

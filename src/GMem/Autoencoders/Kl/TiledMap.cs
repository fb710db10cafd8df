namespace GMem.Autoencoders.Kl;

/// <summary>Applies a function to images tile by tile. Neighbouring tiles overlap by a quarter and are blended there.</summary>
internal static class TiledMap
{
    /// <param name="input"><c>[B, C, H, W]</c>.</param>
    /// <param name="tile">Side of a tile.</param>
    /// <param name="unit">Tiles start at multiples of this length, which must divide <paramref name="tile"/> and both sides.</param>
    /// <param name="outputSize">Maps an input length to the output length.</param>
    /// <param name="map">The function applied to each tile.</param>
    public static torch.Tensor Apply(
        torch.Tensor input, long tile, long unit, Func<long, long> outputSize, Func<torch.Tensor, torch.Tensor> map)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long height = input.shape[2], width = input.shape[3];
        torch.Tensor? sum = null, weights = null;
        foreach (long top in Starts(height, tile, unit))
        {
            foreach (long left in Starts(width, tile, unit))
            {
                using DisposeScope inner = torch.NewDisposeScope();
                torch.Tensor output = map(input.narrow(2, top, Math.Min(tile, height)).narrow(3, left, Math.Min(tile, width)));
                torch.Tensor weight = Ramp(output.shape[2], output).unsqueeze(1) * Ramp(output.shape[3], output).unsqueeze(0);
                sum ??= torch.zeros([output.shape[0], output.shape[1], outputSize(height), outputSize(width)], dtype: output.dtype,
                    device: output.device).MoveToOuterDisposeScope();
                weights ??= torch.zeros([outputSize(height), outputSize(width)], dtype: output.dtype, device: output.device)
                    .MoveToOuterDisposeScope();
                Area(sum, output, outputSize(top), outputSize(left)).PlusInPlace(output * weight);
                Area(weights, output, outputSize(top), outputSize(left)).PlusInPlace(weight);
            }
        }

        return sum!.div_(weights!).MoveToOuterDisposeScope();
    }

    /// <summary>Start positions of tiles that cover a length and overlap by at least a quarter.</summary>
    internal static IReadOnlyList<long> Starts(long length, long tile, long unit)
    {
        List<long> starts = [0];
        long step = Math.Max(unit, (tile - (tile / 4)) / unit * unit);
        while (starts[^1] + tile < length)
        {
            starts.Add(Math.Min(starts[^1] + step, length - tile));
        }

        return starts;
    }

    /// <summary>Blending weights along a side: they rise over the first quarter and fall over the last, and are never 0.</summary>
    private static torch.Tensor Ramp(long length, torch.Tensor like)
    {
        double overlap = Math.Max(1, length / 4);
        double[] weights = [.. Enumerable.Range(0, (int)length).Select(i => Math.Min(1, Math.Min(i + 0.5, length - i - 0.5) / overlap))];
        return torch.tensor(weights).to(like.dtype, like.device);
    }

    private static torch.Tensor Area(torch.Tensor whole, torch.Tensor part, long top, long left) =>
        whole.narrow(-2, top, part.shape[2]).narrow(-1, left, part.shape[3]);
}

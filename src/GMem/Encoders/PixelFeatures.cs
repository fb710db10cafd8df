using GMem.Images;

namespace GMem.Encoders;

/// <summary>Images as vectors of pixel values, for linear algebra.</summary>
internal static class PixelFeatures
{
    /// <summary>Number of pixel values averaged at once, so that the float copy of large images stays small.</summary>
    private const long ValuesAtOnce = 1L << 24;

    /// <summary>Length of a vector.</summary>
    public static long Count(int side) => 3L * side * side;

    /// <summary>Averages images down to a square. Values stay in 0..255, where bytes and their sums are exact.</summary>
    /// <param name="images">uint8 <c>[N, 3, H, W]</c>; both sides at least <paramref name="side"/>.</param>
    /// <param name="side">Side of the square.</param>
    /// <returns>float32 <c>[N, 3 * side * side]</c> on the CPU. Each row depends only on its own image.</returns>
    public static torch.Tensor Of(torch.Tensor images, int side)
    {
        (long count, long height, long width) = (images.shape[0], images.shape[2], images.shape[3]);
        if (height < side || width < side)
        {
            throw new ArgumentException(
                $"Images of {width} x {height} are smaller than the {side} x {side} pixels that the encoder compares.",
                nameof(images));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor features = torch.empty(count, Count(side), dtype: torch.float32, device: torch.CPU);
        long step = Math.Max(1, ValuesAtOnce / (ImageShape.Rgb * height * width));
        for (long start = 0; start < count; start += step)
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            long rows = Math.Min(step, count - start);
            torch.Tensor values = images.narrow(0, start, rows).cpu().to(torch.float32);
            torch.Tensor square = height == side && width == side ? values : torch.nn.functional.adaptive_avg_pool2d(values, [side, side]);
            features.narrow(0, start, rows).copy_(square.reshape(rows, -1));
        }

        return features.MoveToOuterDisposeScope();
    }
}

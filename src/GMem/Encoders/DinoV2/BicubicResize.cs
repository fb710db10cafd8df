namespace GMem.Encoders.DinoV2;

/// <summary>Bicubic resize (a = -0.75, 4 taps, edge values repeated, no antialiasing) whose result is the same on every device and with
/// every version of libtorch.</summary>
/// <remarks>
/// libtorch's own kernels round the source coordinate to single precision, in ways that differ between versions and instruction sets. On a
/// noisy image the difference shows up in the fifth decimal place. Here only the scale is rounded to single precision, as every version
/// does; the coordinates are computed in double precision.
/// </remarks>
internal static class BicubicResize
{
    private const double A = -0.75;
    private const int Taps = 4;

    /// <param name="images"><c>[B, C, H, W]</c>, float32 or float64.</param>
    /// <param name="height">Rows of the result.</param>
    /// <param name="width">Columns of the result.</param>
    /// <returns>New tensor <c>[B, C, height, width]</c>.</returns>
    public static torch.Tensor Apply(torch.Tensor images, long height, long width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return Along(Along(images, 2, height), 3, width).MoveToOuterDisposeScope();
    }

    /// <summary>The 4 source cells of each target cell and their weights, indexed by tap.</summary>
    internal static (long[][] Sources, double[][] Weights) Kernel(long input, long output)
    {
        long[][] sources = [.. Enumerable.Range(0, Taps).Select(_ => new long[output])];
        double[][] weights = [.. Enumerable.Range(0, Taps).Select(_ => new double[output])];
        double scale = (float)input / (float)output;
        for (long i = 0; i < output; i++)
        {
            double position = (scale * (i + 0.5)) - 0.5;
            long below = (long)Math.Floor(position);
            double fraction = position - below;
            for (int tap = 0; tap < Taps; tap++)
            {
                sources[tap][i] = Math.Clamp(below - 1 + tap, 0, input - 1);
                weights[tap][i] = Weight(Math.Abs(fraction + 1 - tap));
            }
        }

        return (sources, weights);
    }

    private static torch.Tensor Along(torch.Tensor images, int axis, long output)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (long[][] sources, double[][] weights) = Kernel(images.shape[axis], output);
        long[] weightShape = axis == 2 ? [output, 1] : [1, output];
        torch.Tensor? sum = null;
        for (int tap = 0; tap < Taps; tap++)
        {
            using DisposeScope inner = torch.NewDisposeScope();
            torch.Tensor index = torch.tensor(sources[tap]).to(images.device);
            torch.Tensor weight = torch.tensor(weights[tap]).to(images.dtype, images.device).reshape(weightShape);
            torch.Tensor term = images.index_select(axis, index).mul_(weight);
            sum = sum?.PlusInPlace(term) ?? term.MoveToOuterDisposeScope();
        }

        return sum!.MoveToOuterDisposeScope();
    }

    /// <summary>Keys' cubic kernel at a distance of 0 to 2 cells.</summary>
    private static double Weight(double x) => x <= 1
        ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
        : (((((x - 5) * x) + 8) * x) - 4) * A;
}

using GMem.FileFormats;

namespace GMem.Encoders;

/// <summary>The directions in which images vary most.</summary>
/// <param name="Mean">float64 <c>[D]</c>.</param>
/// <param name="Components">float64 <c>[m, D]</c>, orthonormal rows in order of decreasing variance; the entry of largest magnitude in
/// each row is positive.</param>
/// <param name="TotalVariance">The sum of the variances of all D values.</param>
/// <param name="CapturedVariance">The fraction of the total variance that the components explain.</param>
internal sealed record PrincipalComponents(torch.Tensor Mean, torch.Tensor Components, double TotalVariance, double CapturedVariance)
{
    private const int ImagesAtOnce = 2048;
    private const int ColumnsAtOnce = 512;

    /// <summary>
    /// A direction with less than this fraction of the largest variance is rounding noise: a float32 product of a few thousand
    /// rows is accurate to about 1e-7 of its largest eigenvalue.
    /// </summary>
    private const double SmallestVariance = 1e-6;

    /// <summary>Finds at most <paramref name="dimension"/> components, fewer if the images vary in fewer directions.</summary>
    /// <exception cref="ArgumentException">All images are equal.</exception>
    public static PrincipalComponents Find(RowSource images, int side, int dimension)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long count = images.Count;
        long features = PixelFeatures.Count(side);
        torch.Tensor mean = MeanOf(images, side);

        // The two matrices have the same non-zero eigenvalues; the smaller one is faster to decompose.
        bool fewImages = count < features;
        torch.Tensor matrix = fewImages ? Gram(images, side, mean) : Covariance(images, side, mean);
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(matrix);
        double[] variances = [.. values.data<double>().ToArray().Reverse().Select(v => Math.Max(v, 0))];
        int kept = Math.Min(dimension, variances.TakeWhile(v => v > SmallestVariance * variances[0]).Count());
        if (kept == 0)
        {
            throw new ArgumentException($"All {count} images are equal: principal components need images that differ.", nameof(images));
        }

        torch.Tensor top = vectors.narrow(1, matrix.shape[0] - kept, kept).flip(1);
        torch.Tensor components = fewImages ? FromGram(images, side, mean, top) : top.t();
        double total = variances.Sum();
        return new PrincipalComponents(
            mean.MoveToOuterDisposeScope(),
            WithFixedSigns(components).MoveToOuterDisposeScope(),
            total,
            variances.Take(kept).Sum() / total);
    }

    private static torch.Tensor MeanOf(RowSource images, int side)
    {
        torch.Tensor sum = torch.zeros(PixelFeatures.Count(side), dtype: torch.float64);
        foreach (long start in Starts(images))
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            sum.PlusInPlace(Chunk(images, start, side).sum(0, type: torch.float64));
        }

        return sum.TimesInPlace(1.0 / images.Count);
    }

    /// <summary>float64 <c>[D, D]</c>: float32 products of centred chunks, summed in float64. Only the blocks on and above the diagonal
    /// are computed.</summary>
    private static torch.Tensor Covariance(RowSource images, int side, torch.Tensor mean)
    {
        long features = mean.shape[0];
        torch.Tensor mean32 = mean.to(torch.float32);
        torch.Tensor sum = torch.zeros(features, features, dtype: torch.float64);
        foreach (long start in Starts(images))
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            torch.Tensor centred = Chunk(images, start, side).sub_(mean32);
            for (long column = 0; column < features; column += ColumnsAtOnce)
            {
                using DisposeScope block = torch.NewDisposeScope();
                long width = Math.Min(ColumnsAtOnce, features - column);
                torch.Tensor product = centred.narrow(1, column, width).t().mm(centred.narrow(1, column, features - column));
                sum.narrow(0, column, width).narrow(1, column, features - column).PlusInPlace(product);
            }
        }

        return sum.triu().Plus(sum.triu(1).t()).TimesInPlace(1.0 / images.Count);
    }

    /// <summary>float64 <c>[N, N]</c>: products of the centred images with one another.</summary>
    private static torch.Tensor Gram(RowSource images, int side, torch.Tensor mean)
    {
        torch.Tensor centred = PixelFeatures.Of(images.Range(0, images.Count), side).to(torch.float64).sub_(mean);
        return centred.mm(centred.t()).TimesInPlace(1.0 / images.Count);
    }

    private static torch.Tensor FromGram(RowSource images, int side, torch.Tensor mean, torch.Tensor vectors)
    {
        torch.Tensor centred = PixelFeatures.Of(images.Range(0, images.Count), side).to(torch.float64).sub_(mean);
        torch.Tensor components = vectors.t().mm(centred);
        return components / components.norm(1, keepdim: true);
    }

    private static torch.Tensor WithFixedSigns(torch.Tensor components)
    {
        torch.Tensor largest = components.abs().argmax(1, keepdim: true);
        return components * components.gather(1, largest).sign();
    }

    private static torch.Tensor Chunk(RowSource images, long start, int side)
    {
        using torch.Tensor chunk = images.Range(start, Math.Min(ImagesAtOnce, images.Count - start));
        return PixelFeatures.Of(chunk, side);
    }

    private static IEnumerable<long> Starts(RowSource images)
    {
        for (long start = 0; start < images.Count; start += ImagesAtOnce)
        {
            yield return start;
        }
    }
}

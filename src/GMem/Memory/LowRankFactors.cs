using GMem.Runtime;
using TorchSharp;

namespace GMem.Memory;

/// <summary>
/// The best basis for rows that are read page by page, from their mean and covariance <c>[m, m]</c> in double. The rows are never held, and no
/// singular value decomposition of them is made.
/// </summary>
internal static class LowRankFactors
{
    /// <summary>Mean, the largest <paramref name="rank"/> directions and singular values, and their part of the variance.</summary>
    public static (LowRankBasis Basis, double CapturedVariance) Fit(RowNormalizer.ReadRows rows, int count, int dimension, int rank, CancellationToken cancellationToken = default)
    {
        using DisposeScope outer = torch.NewDisposeScope();
        torch.Tensor sum = torch.zeros(dimension, dtype: torch.float64);
        torch.Tensor products = torch.zeros(dimension, dimension, dtype: torch.float64);

        // One buffer for all pages: a new one each would be returned to the system and cleared by it again every time.
        torch.Tensor buffer = torch.empty(Math.Min(RowNormalizer.Page, count), dimension, dtype: torch.float64);
        ForEachPage(rows, count, cancellationToken, page =>
        {
            torch.Tensor wide = buffer.narrow(0, 0, page.shape[0]).copy_(page);

            // Named: a bare 0 is taken for an element type.
            sum.PlusInPlace(wide.sum(dim: 0));
            products.addmm_(wide.t(), wide, 1, 1);
        });

        torch.Tensor mean = sum.Times(1.0 / count);
        torch.Tensor scatter = products.PlusScaled(-count, mean.unsqueeze(1) * mean.unsqueeze(0));
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(scatter);

        // Rounding leaves some that are 0 a little below it.
        torch.Tensor variances = values.relu();
        torch.Tensor largest = variances.flip(0).narrow(0, 0, rank);
        torch.Tensor basis = WithFixedSigns(vectors.flip(1).narrow(1, 0, rank));
        double total = variances.sum().item<double>();
        double captured = total > 0 ? largest.sum().item<double>() / total : 1;
        return (new LowRankBasis(ToArray(mean), ToArray(basis), ToArray(largest.sqrt())), captured);
    }

    private static void ForEachPage(RowNormalizer.ReadRows rows, int count, CancellationToken cancellationToken, Action<torch.Tensor> take)
    {
        for (int start = 0; start < count; start += RowNormalizer.Page)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            take(rows(start, Math.Min(RowNormalizer.Page, count - start)));
        }
    }

    /// <summary>Eigenvectors have no sign of their own: the component that is largest is made positive, so that a build can be repeated.</summary>
    private static torch.Tensor WithFixedSigns(torch.Tensor basis)
    {
        torch.Tensor largest = basis.gather(0, basis.abs().argmax(0, keepdim: true));
        return basis * largest.sign();
    }

    private static float[] ToArray(torch.Tensor tensor) => [.. tensor.to(torch.float32).contiguous().data<float>()];
}

using GMem.Runtime;
using TorchSharp;

namespace GMem.Memory;

/// <summary>Cosines of queries to every entry, page by page through matrix products; the bank is read once and never held.</summary>
internal static class CosineScan
{
    /// <summary>2 MB of 32-bit components a page: large enough for the product, small enough for the caches.</summary>
    private const int PageComponents = 1 << 19;

    /// <param name="codec">How the bank is stored.</param>
    /// <param name="layout">Its entries.</param>
    /// <param name="queries">Unit rows <c>[q, m]</c> of 32-bit floats; the products are formed on their device.</param>
    /// <param name="take">Gets the index of a page's first entry and its cosines <c>[q, p]</c> on the CPU.</param>
    /// <param name="cancellationToken">Asked before every page.</param>
    public static void Run(SnippetCodec codec, BankLayout layout, torch.Tensor queries, Action<int, torch.Tensor> take, CancellationToken cancellationToken = default)
    {
        using DisposeScope outer = torch.NewDisposeScope();
        Func<torch.Tensor, torch.Tensor> cosines = codec.Basis is null ? Dense(codec, queries) : LowRank(codec.Basis, queries);
        int page = Math.Min(layout.Count, Math.Max(1, PageComponents / codec.Width));
        VectorPages pages = new(layout, page);
        for (int start = 0; start < layout.Count; start += page)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor vectors = pages.Read(start, Math.Min(page, layout.Count - start)).to(queries.device);
            take(start, cosines(vectors).cpu().contiguous());
        }
    }

    /// <summary>32-bit rows are unit rows; rounding to 16 bits changed the length of the others a little.</summary>
    private static Func<torch.Tensor, torch.Tensor> Dense(SnippetCodec codec, torch.Tensor queries)
    {
        bool normalize = codec.Storage != SnippetStorage.Float32;
        if (CosineKernel.Fits(queries))
        {
            CosineKernel kernel = new(queries);
            return rows => kernel.Cosines(rows, normalize);
        }

        return rows => normalize
            ? queries.matmul(rows.t()).div_(rows.norm(1))
            : queries.matmul(rows.t());
    }

    /// <summary>
    /// From coordinates alone, the rows themselves are never made: with <c>v = c + B^T mean</c>, <c>q . row = (B^T q) . v + q . rest</c> and
    /// <c>|row|^2 = v . v + rest . rest</c>.
    /// </summary>
    private static Func<torch.Tensor, torch.Tensor> LowRank(LowRankBasis basis, torch.Tensor queries)
    {
        torch.Tensor shift = torch.tensor(basis.MeanCoordinates).to(queries.device);
        torch.Tensor projected = queries.matmul(basis.Matrix().to(queries.device));
        torch.Tensor outside = queries.matmul(torch.tensor(basis.Rest).to(queries.device)).unsqueeze(1);
        return coefficients =>
        {
            torch.Tensor coordinates = coefficients.PlusInPlace(shift);
            torch.Tensor norm = coordinates.Squared().sum(1).PlusInPlace(basis.RestSquare).sqrt_();
            return projected.matmul(coordinates.t()).PlusInPlace(outside).div_(norm);
        };
    }
}

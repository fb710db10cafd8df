namespace GMem.Memory;

/// <summary>Computes the cosines of queries to every entry, page by page. The bank is read once and never held.</summary>
internal static class CosineScan
{
    /// <summary>2 MB of 32-bit components a page: large enough for the product, small enough for the caches.</summary>
    private const int PageComponents = 1 << 19;

    /// <param name="storage">How the bank is stored.</param>
    /// <param name="layout">Its entries.</param>
    /// <param name="queries">Unit rows <c>[q, m]</c> of 32-bit floats; the products are formed on their device.</param>
    /// <param name="take">Gets the index of a page's first entry and the page's cosines <c>[q, p]</c> on the CPU.</param>
    /// <param name="cancellationToken">Asked before every page.</param>
    public static void Run(
        SnippetStorage storage,
        BankLayout layout,
        torch.Tensor queries,
        Action<int, torch.Tensor> take,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope outer = torch.NewDisposeScope();
        int page = Math.Min(layout.Count, Math.Max(1, PageComponents / layout.Width));
        Func<torch.Tensor, torch.Tensor> cosines = storage.Cosines(queries, page);

        // One buffer for all pages: a new one each would be returned to the system and cleared by it every time, which costs more than
        // reading the bank.
        torch.Tensor buffer = layout.Allocate(page);
        for (int start = 0; start < layout.Count; start += page)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor vectors = layout.ReadPage(buffer, start, Math.Min(page, layout.Count - start));
            take(start, cosines(vectors).cpu().contiguous());
        }
    }
}

namespace GMem.Memory;

/// <summary>The entrance to a bank: brings rows to unit length and refuses rows without a direction.</summary>
internal static class RowNormalizer
{
    /// <summary>Rows a page: 6 MB at 768 components.</summary>
    public const int Page = 2048;

    /// <summary>Reads rows <c>[count, m]</c> from a start: any float type, any device.</summary>
    public delegate torch.Tensor ReadRows(int start, int count);

    /// <summary>Checks and normalises rows page by page.</summary>
    /// <param name="rows">Gives the rows.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="id">The id of a row, for messages.</param>
    /// <param name="take">Gets each page of unit rows, 32-bit on the CPU.</param>
    /// <exception cref="ArgumentException">Rows are not finite or (almost) zero; the message names them.</exception>
    public static void ForEachPage(ReadRows rows, int count, Func<int, long> id, Action<torch.Tensor> take)
    {
        List<long> refused = [];
        for (int start = 0; start < count; start += Page)
        {
            using DisposeScope scope = torch.NewDisposeScope();

            // A copy in any case: the rows are the caller's.
            torch.Tensor page = rows(start, Math.Min(Page, count - start)).detach().to(torch.float32, torch.CPU, copy: true).contiguous();
            refused.AddRange(UnitRows.Normalize(page).Select(row => id(start + row)));
            if (refused.Count == 0)
            {
                take(page);
            }
        }

        if (refused.Count > 0)
        {
            throw new ArgumentException(
                $"{refused.Count:N0} of {count:N0} rows cannot be snippets: they are not finite (in 32-bit floats) or shorter than "
                + $"{SnippetAlgebra.MinimumNorm:g1}: "
                + $"{(refused.Count == 1 ? "id" : "ids")} {TextList.Of(refused)}. Leave them out.", nameof(rows));
        }
    }
}

namespace GMem.Backbone;

/// <summary>
/// Keeps an image's bits apart from its batch. Matrix products pick their kernels by the number of rows: with fewer than a handful, or with
/// other numbers of them where a product has one row an image, the same row comes out with other last bits. Evaluation therefore fills up
/// with zero rows.
/// </summary>
internal static class RowPadding
{
    /// <summary>Rows of every product that has one row an image, and the least number of rows of those with one row a token.</summary>
    public const int Rows = 16;

    /// <summary>How many images to compute for a batch, so that there are at least <see cref="Rows"/> tokens.</summary>
    public static long Images(long batch, long tokensPerImage) => Math.Max(batch, (Rows + tokensPerImage - 1) / tokensPerImage);

    /// <summary>The <paramref name="count"/> rows from <paramref name="start"/> on; zeros stand for those beyond the end.</summary>
    public static torch.Tensor Take(torch.Tensor rows, long start, long count)
    {
        long[] shape = rows.shape;
        long present = Math.Min(count, shape[0] - start);
        torch.Tensor part = start == 0 && present == shape[0] ? rows : rows.narrow(0, start, present);
        if (present == count)
        {
            return part;
        }

        shape[0] = count - present;
        return torch.cat([part, torch.zeros(shape, dtype: rows.dtype, device: rows.device)], 0);
    }
}

using GMem.FileFormats;

namespace GMem.Latents;

/// <summary>Rows of images and of their mirror images.</summary>
/// <param name="plain">Of the images.</param>
/// <param name="mirrored">Of the mirror images; null where nothing is mirrored.</param>
internal sealed class RowPair(RowSource plain, RowSource? mirrored)
{
    public RowSource Plain => plain;

    public bool CanMirror => mirrored is not null;

    /// <param name="indices">Image indices.</param>
    /// <param name="mirror">For each, whether its mirror image's row is meant.</param>
    /// <returns>New tensor <c>[B, ...]</c> on the CPU; of each pair only the row that is asked for is read.</returns>
    public torch.Tensor Rows(long[] indices, bool[] mirror)
    {
        if (mirrored is null || !mirror.Contains(true))
        {
            return plain.Rows(indices);
        }

        using DisposeScope scope = torch.NewDisposeScope();
        int[] order = [.. Enumerable.Range(0, indices.Length).OrderBy(i => mirror[i])];
        long[] sorted = [.. order.Select(i => indices[i])];
        int straight = mirror.Count(m => !m);
        torch.Tensor rows = straight == 0
            ? mirrored.Rows(sorted)
            : torch.cat([plain.Rows(sorted.AsSpan(0, straight)), mirrored.Rows(sorted.AsSpan(straight))], 0);
        long[] back = new long[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            back[order[i]] = i;
        }

        return rows.index_select(0, torch.tensor(back)).MoveToOuterDisposeScope();
    }

    /// <summary>The pair of that name in a table.</summary>
    public static RowPair? Find(EncodedRows table, string name) =>
        table.Find(name) is { } plain ? new RowPair(plain, table.Find(EncodedTable.Mirrored(name))) : null;
}

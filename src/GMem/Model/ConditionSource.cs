using GMem.Backbone;
using GMem.Memory;

namespace GMem;

/// <summary>Banks and labels as the conditions of a network see them.</summary>
internal static class ConditionSource
{
    /// <param name="bank">Row i is the snippet of image i; null for a network without snippets.</param>
    /// <param name="mirrored">Row i is the snippet of image i mirrored left-right; null where nothing is mirrored.</param>
    /// <param name="labels">A label for each image, or null.</param>
    /// <param name="classNames">The labels in the order of their numbers, where the data number them.</param>
    /// <param name="values">The user's own values, one row an image.</param>
    public static ConditionData Of(
        MemoryBank? bank,
        MemoryBank? mirrored,
        IReadOnlyList<string>? labels,
        IReadOnlyList<string>? classNames,
        IReadOnlyDictionary<string, torch.Tensor> values) => new()
        {
            SnippetSize = bank?.Dimension ?? 0,
            Snippets = bank is null ? null : (indices, flips) => Rows(bank, mirrored, indices, flips),
            Labels = labels is null ? null : [.. labels.Select(NormalForm.Of)],
            ClassNames = classNames is null ? null : [.. classNames.Select(NormalForm.Of)],
            Values = values,
        };

    private static torch.Tensor Rows(MemoryBank bank, MemoryBank? mirrored, long[] indices, bool[] flips)
    {
        torch.Tensor rows = bank.Rows(indices);
        if (mirrored is null || !flips.Contains(true))
        {
            return rows;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor flip = torch.tensor(flips).view(-1, 1);
        torch.Tensor both = torch.where(flip, mirrored.Rows(indices), rows).MoveToOuterDisposeScope();
        rows.Dispose();
        return both;
    }
}

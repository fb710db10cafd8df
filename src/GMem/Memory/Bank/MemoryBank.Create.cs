using GMem.FileFormats;

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Creates a bank from rows, which are brought to unit length.</summary>
    /// <param name="rows"><c>[n, m]</c>, a float type, on any device; copied. n and m at least 1.</param>
    /// <param name="labels">One for each row, or null. An empty label means none.</param>
    /// <param name="sources">One for each row, for instance a file name, or null. An empty source means none.</param>
    /// <param name="ids">One for each row: at least 0 and unique. Null numbers the rows from 0.</param>
    /// <param name="storage">How to store them; null for <see cref="SnippetStorage.Float32"/>.</param>
    /// <returns>The bank.</returns>
    /// <exception cref="ArgumentException">
    /// There are no rows, some rows are not finite or almost zero (the message names their ids), or a list has another length.
    /// </exception>
    public static MemoryBank FromRows(
        torch.Tensor rows,
        IReadOnlyList<string?>? labels = null,
        IReadOnlyList<string?>? sources = null,
        IReadOnlyList<EntryId>? ids = null,
        SnippetStorage? storage = null)
    {
        CheckMatrix(rows, nameof(rows));
        storage ??= SnippetStorage.Float32;
        CheckIds(ids);
        BankPart part = MakePart(storage, rows, labels, sources, ids, firstId: 0);
        return new MemoryBank(storage, new BankLayout([new BankSegment(part, null)]), null, NextId(0, ids, (int)rows.shape[0]));
    }

    /// <summary>
    /// Reads a bank of the published GMem code: a <c>.pth</c> file with one matrix of rows, or with the dictionary of a low-rank
    /// bank (<c>C</c>, <c>M</c>, <c>S</c>, <c>mean</c>, <c>latent_dim</c>, <c>feature_dim</c>). Its rows are brought to unit
    /// length.
    /// </summary>
    /// <param name="path">Path of the file. Nothing in it is executed; see <see cref="PyTorchCheckpoint"/>.</param>
    /// <param name="storage">
    /// How to store a matrix of rows; null for <see cref="SnippetStorage.Float32"/>. A low-rank bank stays low-rank.
    /// </param>
    /// <returns>A bank in memory; ids count from 0, there are no labels. <see cref="Save(string)"/> writes it as safetensors.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is not a checkpoint or not a bank, is truncated, holds objects that are refused, or has rows that are not finite or almost
    /// zero; the message names the file and the rows.
    /// </exception>
    public static MemoryBank FromCheckpoint(string path, SnippetStorage? storage = null)
    {
        using PyTorchCheckpoint checkpoint = PyTorchCheckpoint.Open(path);
        try
        {
            return OfficialBank.Read(checkpoint, storage ?? SnippetStorage.Float32);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"'{path}' is not a memory bank: {e.Message}", e);
        }
    }

    private static BankPart MakePart(
        SnippetStorage storage,
        torch.Tensor rows,
        IReadOnlyList<string?>? labels,
        IReadOnlyList<string?>? sources,
        IReadOnlyList<EntryId>? ids,
        long firstId)
    {
        int count = (int)rows.shape[0];
        CheckLength(labels?.Count, count, nameof(labels));
        CheckLength(sources?.Count, count, nameof(sources));
        CheckLength(ids?.Count, count, nameof(ids));
        long Id(int row) => ids?[row].Value ?? (firstId + row);
        SnippetIntake intake = new(storage, (int)rows.shape[1], count, Id);
        RowNormalizer.ForEachPage((start, length) => rows.narrow(0, start, length), count, Id, intake.Append);
        long[]? numbers = ids is null ? null : [.. ids.Select(id => id.Value)];
        return new BankPart(intake.Build(), EntryColumns.Of(numbers, firstId, labels, sources));
    }

    private static void CheckMatrix(torch.Tensor rows, string parameter)
    {
        ArgumentNullException.ThrowIfNull(rows, parameter);
        if (rows.dim() != 2 || !torch.is_floating_point(rows))
        {
            throw new ArgumentException(
                $"Snippets must be a float tensor [n, m]; it is {rows.dtype} [{string.Join(", ", rows.shape)}].", parameter);
        }

        if (rows.shape[0] < 1 || rows.shape[1] < 1)
        {
            throw new ArgumentException($"A memory bank cannot be empty; the rows are [{string.Join(", ", rows.shape)}].", parameter);
        }

        if (rows.shape[0] > int.MaxValue || rows.shape[1] > int.MaxValue)
        {
            throw new ArgumentException(
                $"A memory bank holds at most {int.MaxValue:N0} entries; the rows are [{string.Join(", ", rows.shape)}].", parameter);
        }
    }

    private static void CheckLength(int? given, int rows, string parameter)
    {
        if (given is int count && count != rows)
        {
            throw new ArgumentException($"There are {count:N0} {parameter} for {rows:N0} rows; give one for each row, or null.", parameter);
        }
    }

    private static void CheckIds(IReadOnlyList<EntryId>? ids)
    {
        if (ids is null)
        {
            return;
        }

        HashSet<EntryId> seen = [];
        List<EntryId> wrong = [.. ids.Where(id => id.Value is < 0 or long.MaxValue || !seen.Add(id))];
        if (wrong.Count > 0)
        {
            throw new ArgumentException(
                $"Ids must be at least 0, below {long.MaxValue} and unique; these are not: {TextList.Of(wrong)}.", nameof(ids));
        }
    }

    private static long NextId(long next, IReadOnlyList<EntryId>? ids, int rows) =>
        ids is null ? next + rows : Math.Max(next, ids.Max(id => id.Value) + 1);
}

namespace GMem.Images;

/// <summary>
/// Row groups that were read last, of all files: Parquet allows reading no less than a group. At least two are kept, so that threads on
/// both sides of a border do not read them in turns, and more while they fit into <see cref="ImageReader.MemoryBudget"/>. Only one is read
/// at a time.
/// </summary>
internal static class RowGroupCache
{
    private const int Least = 2;
    private static readonly Lock Gate = new();
    private static readonly List<(ParquetImages File, int Group, Task<RowGroupImages> Images)> Kept = [];
    private static Task Last = Task.CompletedTask;

    /// <summary>A row group, which is read if it is not kept.</summary>
    public static RowGroupImages Get(ParquetImages file, int group, Func<Task<RowGroupImages>> read)
    {
        Task<RowGroupImages> images;
        lock (Gate)
        {
            // What failed once, as reading from a network does, may succeed.
            _ = Kept.RemoveAll(k => k.Images.IsFaulted);
            int index = Kept.FindIndex(k => k.File == file && k.Group == group);
            images = index < 0 ? After(Last, read) : Kept[index].Images;
            if (index < 0)
            {
                Last = images;
            }
            else
            {
                Kept.RemoveAt(index);
            }

            Kept.Add((file, group, images));
            while (Kept.Count > Least && Kept.Sum(k => Size(k.Images)) > ImageReader.MemoryBudget)
            {
                Kept.RemoveAt(0);
            }
        }

        // Not a lock: a thread that waits for a task makes room for those that the task needs.
        return images.GetAwaiter().GetResult();
    }

    /// <summary>Forgets the groups of a file.</summary>
    public static void Remove(ParquetImages file)
    {
        lock (Gate)
        {
            _ = Kept.RemoveAll(k => k.File == file);
        }
    }

    private static long Size(Task<RowGroupImages> images) => images.IsCompletedSuccessfully ? images.Result.Size : 0;

    private static async Task<RowGroupImages> After(Task earlier, Func<Task<RowGroupImages>> read)
    {
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        return await read().ConfigureAwait(false);
    }
}

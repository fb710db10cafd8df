using System.Collections.Concurrent;

namespace GMem.Memory;

/// <summary>The kinds of storage that bank files may name: those built in, and those that were registered.</summary>
internal static class StorageKinds
{
    private static readonly ConcurrentDictionary<string, Func<ReadStorageTensor, SnippetStorage>> Readers = new(StringComparer.Ordinal)
    {
        [Float32Storage.Name] = _ => SnippetStorage.Float32,
        [Float16Storage.Name] = _ => SnippetStorage.Float16,
        [LowRankStorage.Name] = LowRankStorage.Read,
    };

    public static void Register(string kind, Func<ReadStorageTensor, SnippetStorage> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        ArgumentNullException.ThrowIfNull(read);
        if (!Readers.TryAdd(kind, read))
        {
            throw new ArgumentException($"The storage kind '{kind}' is already registered; register each kind once.", nameof(kind));
        }
    }

    /// <exception cref="InvalidDataException">The kind is unknown.</exception>
    public static Func<ReadStorageTensor, SnippetStorage> Reader(string kind, string file) => Readers.GetValueOrDefault(kind)
        ?? throw new InvalidDataException(
            $"'{file}' is a memory bank of the storage kind '{kind}', which is unknown "
            + $"(known are {TextList.Of([.. Readers.Keys.Order()])}). "
            + $"Register it before the bank is loaded: SnippetStorage.Register(\"{kind}\", ...).");
}

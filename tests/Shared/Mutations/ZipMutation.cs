using System.IO.Compression;

namespace GMem.Tests.Shared;

/// <summary>Whole zips of damaged entries: their checksums are right.</summary>
public static class ZipMutation
{
    /// <summary>Another zip of a whole one.</summary>
    /// <param name="random">Decides what is changed.</param>
    /// <param name="bytes">The zip.</param>
    public static byte[] Make(Random random, byte[] bytes)
    {
        List<KeyValuePair<string, byte[]>> entries = Entries(bytes);
        for (int edits = random.Next(1, 3); edits > 0; edits--)
        {
            Edit(random, entries);
        }

        return Zip(entries, random.Next(2) == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest);
    }

    /// <summary>The entries of a zip.</summary>
    public static List<KeyValuePair<string, byte[]>> Entries(byte[] bytes)
    {
        using ZipArchive zip = new(new MemoryStream(bytes));
        return [.. zip.Entries.Select(e =>
        {
            using Stream stream = e.Open();
            using MemoryStream copy = new();
            stream.CopyTo(copy);
            return KeyValuePair.Create(e.FullName, copy.ToArray());
        })];
    }

    /// <summary>A zip of entries, which may have the same name.</summary>
    public static byte[] Zip(IEnumerable<KeyValuePair<string, byte[]>> entries, CompressionLevel level)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = zip.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    private static void Edit(Random random, List<KeyValuePair<string, byte[]>> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        int at = random.Next(entries.Count);
        (string name, byte[] content) = entries[at];
        switch (random.Next(12))
        {
            case 0:
                entries.RemoveAt(at);
                break;
            case 1:
                entries.Add(entries[at]);
                break;
            case 2:
                string[] names =
                    ["../" + name, "/" + name, name.ToUpperInvariant(), name + "\0", name.Replace('/', '\\'), "a/b/model.json"];
                entries[at] = new(names[random.Next(names.Length)], content);
                break;
            case 3:
                entries[at] = new(name, entries[random.Next(entries.Count)].Value);
                break;
            case 4:
                entries[at] = new(name, [.. content, .. new byte[random.Next(1, 1 << 22)]]);
                break;
            case 5 or 6 or 7 when name.EndsWith(".safetensors", StringComparison.Ordinal):
                entries[at] = new(name, SafetensorsMutation.Make(random, content));
                break;
            case 8 or 9 when content.Length > 0:
                entries[at] = new(name, Mutator.WithAnotherNumber(random, content));
                break;
            default:
                entries[at] = new(name, Mutator.Damaged(random, content));
                break;
        }
    }
}

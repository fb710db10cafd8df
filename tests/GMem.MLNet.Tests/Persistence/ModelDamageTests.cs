using System.IO.Compression;
using CsCheck;
using GMem.Tests.Shared;
using Microsoft.ML;

namespace GMem.MLNet.Tests.Persistence;

/// <summary>A damaged <c>model.zip</c> loads or is an InvalidDataException, whatever of it is damaged.</summary>
public sealed class ModelDamageTests
{
    private static readonly byte[] Good = File.ReadAllBytes(
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Persistence", "Saved"), "*.zip").First());

    private static long Iterations =>
        long.TryParse(Environment.GetEnvironmentVariable("GMEM_FUZZ_ITERATIONS"), out long asked) ? asked : 60;

    [Fact]
    public void Load_AnyBytesOfTheZipChanged_LoadsOrIsInvalidData()
    {
        Gen.Select(Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Byte).Array[1, 4], Gen.Int[0, 20]).Sample(
            change =>
            {
                (byte[] bytes, (int At, byte Value)[] edits) = ([.. Good], change.Item1);
                foreach ((int at, byte value) in edits)
                {
                    bytes[at] = value;
                }

                Try(change.Item2 == 0 ? bytes[..(bytes.Length - edits[0].At)] : bytes);
            },
            iter: Iterations,
            threads: 1);
    }

    [Fact]
    public void Load_AnyBytesOfAnEntryChanged_LoadsOrIsInvalidData()
    {
        Dictionary<string, byte[]> entries = Entries();
        string[] names = [.. entries.Keys];
        Gen.Select(Gen.Int[0, names.Length - 1], Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[1, 4]).Sample(
            change =>
            {
                byte[] damaged = [.. entries[names[change.Item1]]];
                foreach ((double at, byte value) in change.Item2)
                {
                    damaged[(int)(at * at * (damaged.Length - 1))] = value;
                }

                Try(Zip(names.ToDictionary(n => n, n => n == names[change.Item1] ? damaged : entries[n])));
            },
            iter: Iterations,
            threads: 1);
    }

    private static void Try(byte[] bytes)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.zip");
        File.WriteAllBytes(path, bytes);
        try
        {
            using GMemTransformer model = GMemTransformer.Load(path, new MLContext());
        }
        catch (InvalidDataException)
        {
        }
    }

    private static Dictionary<string, byte[]> Entries()
    {
        using ZipArchive zip = new(new MemoryStream(Good));
        return zip.Entries.ToDictionary(e => e.FullName, e =>
        {
            using Stream stream = e.Open();
            using MemoryStream copy = new();
            stream.CopyTo(copy);
            return copy.ToArray();
        });
    }

    private static byte[] Zip(Dictionary<string, byte[]> entries)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }
}

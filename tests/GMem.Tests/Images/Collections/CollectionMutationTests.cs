using System.Formats.Tar;
using System.Text;
using GMem.Images;
using GMem.Tests.Shared;
using Parquet;

namespace GMem.Tests.Images.Collections;

/// <summary>Damaged tar and Parquet files and lists are read, or are an error that names them; images in them likewise.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class CollectionMutationTests
{
    private const int Block = 512;

    [Fact]
    public void Enumerate_OfDamagedTars_ReadsOrIsInvalidData()
    {
        using TemporaryFolder folder = new();
        string tar = folder.File("good");
        TarEntryFormat[] formats = [TarEntryFormat.V7, TarEntryFormat.Ustar, TarEntryFormat.Pax, TarEntryFormat.Gnu];
        IEnumerable<byte[]> good = formats.Select(format =>
        {
            string longName = format is TarEntryFormat.Pax or TarEntryFormat.Gnu ? new string('n', 200) : "n";
            TarFiles.Write(tar, format, [("a.png", Png(1)), ("a.json", """{"label": 1}"""u8.ToArray()), ($"cat/{longName}.png", Png(2))]);
            return File.ReadAllBytes(tar);
        });
        Run("tars", folder, [.. good], OtherHeader);
    }

    [Fact]
    public void Enumerate_OfDamagedParquetFiles_ReadsOrIsInvalidData()
    {
        using TemporaryFolder folder = new();
        IEnumerable<byte[]> good = new[]
        {
            CompressionMethod.None, CompressionMethod.Snappy, CompressionMethod.Zstd, CompressionMethod.Gzip, CompressionMethod.Lz4Raw,
            CompressionMethod.Brotli,
        }.Select(c => ParquetFiles.Write(
            c, 3, ParquetFiles.Features,
            [.. Enumerable.Range(0, 7).Select(i => new ParquetFiles.Row(i == 3 ? null : Png(i), $"{i}", i % 2))]));
        Run("Parquet files", folder, [.. good], OtherFooter);
    }

    [Fact]
    public void Enumerate_OfDamagedLists_ReadsOrIsInvalidData()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "a.png", Png(1));
        Run(
            "lists", folder,
            ["path,label\na.png,\"x, \"\"y\"\"\"\nsub/none.png,é\n"u8.ToArray(), "a.png\tcat\nlist/1\tdog\n"u8.ToArray()],
            structured: null);
    }

    private static void Run(string target, TemporaryFolder folder, byte[][] good, Func<Random, byte[], byte[]>? structured)
    {
        int number = 0;
        new Mutator(target, 0.1, good).Run(
            bytes =>
            {
                string path = folder.File($"{number++}.bin");
                File.WriteAllBytes(path, bytes);
                try
                {
                    Read(path);
                }
                finally
                {
                    File.Delete(path);
                }
            },
            e => e is InvalidDataException && e.Message.Contains(folder.Path, StringComparison.Ordinal),
            structured);
    }

    private static void Read(string path)
    {
        foreach (ImageFile file in ImageCollection.Enumerate(path).Take(20))
        {
            try
            {
                _ = ImageReader.ReadFile(file.ImagePath);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                // What is skipped in training, with its name.
                Assert.Contains(file.ImagePath, e.Message, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Another value in a header of a tar, with the right checksum.</summary>
    private static byte[] OtherHeader(Random random, byte[] bytes)
    {
        byte[] changed = [.. bytes];
        int at = random.Next(bytes.Length / Block) * Block;
        (int offset, int length) = (new[] { (0, 100), (124, 12), (156, 1), (157, 100), (257, 8), (345, 155) })[random.Next(6)];
        byte[] value = random.Next(4) switch
        {
            0 => Encoding.ASCII.GetBytes(Convert.ToString(random.NextInt64(1L << random.Next(1, 34)), 8).PadLeft(11, '0')),
            1 => [0x80, .. Enumerable.Repeat((byte)(random.Next(2) * 255), 11)],
            2 => Encoding.ASCII.GetBytes(new[] { "x", "g", "L", "K", "S", "1", "5", "/", "../a.png" }[random.Next(9)]),
            _ => [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next(256))],
        };
        value.AsSpan(0, Math.Min(value.Length, length)).CopyTo(changed.AsSpan(at + offset));
        "        "u8.CopyTo(changed.AsSpan(at + 148));
        int sum = changed.AsSpan(at, Block).ToArray().Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(changed, at + 148);
        return changed;
    }

    /// <summary>Other bytes in the metadata of a Parquet file, whose length stays right.</summary>
    private static byte[] OtherFooter(Random random, byte[] bytes)
    {
        int length = BitConverter.ToInt32(bytes, bytes.Length - 8);
        byte[] footer = Mutator.Damaged(random, bytes[(bytes.Length - 8 - length)..^8]);
        return [.. bytes[..(bytes.Length - 8 - length)], .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8];
    }

    private static byte[] Png(int seed) => PngWriter.Encode(TestImages.Pattern(6, 6, seed));
}

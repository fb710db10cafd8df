using System.Formats.Tar;
using System.Text;
using GMem.Images;
using GMem.Tests.Shared;

namespace GMem.Tests.Images.Collections;

public sealed class TarImagesTests
{
    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public void Enumerate_WebDataset_GivesLabelsAndAccountsForEachEntry(TarEntryFormat format)
    {
        using TemporaryFolder folder = new();
        string tar = folder.File("shard.data");
        (string, byte[])[] entries =
        [
            ("b.jpg", Png(1)), ("b.cls", "7\n"u8.ToArray()), ("a/c.png", Png(2)), ("a/c.txt", "e\u0301clair\nmore"u8.ToArray()),
            ("d.png", Png(3)), ("d.json", """{"width": 3, "Class": "dog"}"""u8.ToArray()), ("cat/e.left.png", Png(4)),
            ("f.png", Png(5)), ("f.json", "{"u8.ToArray()), ("f.cls", [0xFF]), ("notes.txt", [1]), (".g.png", [1]), ("h.HEIC", [1]),
            ("../i.png", [1]), ("b.jpg", Png(6)),
        ];
        TarFiles.Write(tar, format, entries);

        ImageListing listing = ImageCollection.Enumerate(tar);

        Assert.Equal(
            ["b.jpg 7", "a/c.png éclair", "d.png dog", "cat/e.left.png cat", "f.png "],
            listing.Select(f => $"{f.ImagePath[(tar.Length + 1)..]} {f.Label}"));
        Assert.Equal(
            "10 ignored: 1 .cls, read for labels, 1 .json, read for labels, 1 .txt, 1 .txt, read for labels, "
                + "1 HEIC, which cannot be decoded (convert it to JPEG or PNG), 1 hidden, 1 label that is not UTF-8, "
                + "1 label that is not valid JSON, 1 path with .., 1 second file of the same name",
            listing.IgnoredByReason());
        Assert.Equal(entries.Length, listing.Count + listing.Ignored.Count);
        Parallel.ForEach(Enumerable.Range(0, 200), i => Assert.Equal(
            TestImages.Pattern(6, 6, (i % 5) + 1).Pixels, ImageReader.ReadFile(listing[i % 5].ImagePath).Pixels));
        Assert.Throws<FileNotFoundException>(() => ImageReader.ReadFile($"{tar}/none.png"));
    }

    [Fact]
    public void Enumerate_TarOfGnu_ReadsLongNamesAndNamesWhatIsNoFile()
    {
        using TemporaryFolder folder = new();
        string name = $"{new string('d', 120)}/{new string('n', 150)}.png";
        TestImages.Write(folder, $"in/{name}", Png(1));
        TestImages.Write(folder, "in/a.png", Png(2));
        Shell.Run(
            folder.Path,
            """
            cd in; ln -s a.png link.png; ln a.png twin.png; mkfifo pipe.png; mkdir x.png
            truncate -s 1M sparse.png; cp a.png "$(printf 'n\351.png')"
            tar --sort=name -S --format=pax -cf ../pax.tar .; tar -Scf ../sparse.tar .
            truncate -s 0 sparse.png; tar --sort=name -cf ../gnu.tar .; rm "$(printf 'n\351.png')"
            """);
        Assert.Contains("without --sparse", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(folder.File("sparse.tar"))).Message);

        foreach (string tar in new[] { folder.File("gnu.tar"), folder.File("pax.tar") })
        {
            ImageListing listing = ImageCollection.Enumerate(tar);
            bool isPax = tar.EndsWith("pax.tar", StringComparison.Ordinal);
            string[] names = isPax ? ["a.png", name] : ["a.png", name, "sparse.png"];
            Assert.Equal(names, listing.Select(f => f.ImagePath[(tar.Length + 1)..]));
            Assert.Equal(new string('d', 120), listing[1].Label);
            Assert.Equal(TestImages.Pattern(6, 6, 1).Pixels, ImageReader.ReadFile(listing[1].ImagePath).Pixels);
            Assert.Equal(
                $"{(isPax ? 5 : 4)} ignored: 2 link inside a tar, 1 name that is not UTF-8, 1 pipe, device or other special entry"
                    + (isPax ? ", 1 sparse file (pack it again without --sparse)" : ""),
                listing.IgnoredByReason());
            Assert.Single(listing.Warnings);
        }
    }

    [Fact]
    public void Enumerate_Damaged_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        string tar = folder.File("a.tar");
        TarFiles.Write(tar, TarEntryFormat.Pax, [("a.png", Png(1)), ("b.png", Png(2))]);
        byte[] bytes = File.ReadAllBytes(tar);
        string cut = TestImages.Write(folder, "cut.tar", bytes[..(bytes.AsSpan().LastIndexOf("IEND"u8) - 20)]);
        Assert.Contains($"'{cut}' is not a tar archive, or it was cut short", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(cut)).Message);

        // The header of the extended attributes of the first file claims 7 GB of them.
        Encoding.ASCII.GetBytes("77777777777").CopyTo(bytes, 124);
        FixChecksum(bytes);
        string claims = TestImages.Write(folder, "claims.tar", bytes);
        Assert.Contains("claims to be longer", Assert.Throws<InvalidDataException>(() => ImageCollection.Enumerate(claims)).Message);
    }

    [Fact]
    public void Enumerate_DataBehindTheEndMark_IsNamed()
    {
        using TemporaryFolder folder = new();
        string tar = folder.File("a.tar");
        TarFiles.Write(tar, TarEntryFormat.Ustar, [("a.png", Png(1)), ("b.png", Png(2))]);
        byte[] bytes = File.ReadAllBytes(tar);
        int second = bytes.AsSpan().IndexOf("b.png"u8);
        byte[] noChecksum = [.. bytes];
        noChecksum.AsSpan(second + 148, 8).Clear();
        (byte[] Bytes, int Images, bool IsNamed)[] files =
        [
            (bytes, 2, false), (bytes[..^1024], 2, false), ([.. bytes, .. new byte[100_000]], 2, false), ([.. bytes, .. bytes], 2, true),
            (noChecksum, 1, true), ([.. bytes[..second], .. new byte[2 << 20]], 1, true),
        ];
        Assert.All(files, file =>
        {
            ImageListing listing = ImageCollection.Enumerate(TestImages.Write(folder, "x.tar", file.Bytes));
            Assert.Equal(file.Images, listing.Count);
            Assert.Equal(file.IsNamed ? 1 : 0, listing.Warnings.Count(w => w.Contains("behind the end mark", StringComparison.Ordinal)));
        });
    }

    [Fact]
    public void Enumerate_ImagesOfOneKey_ShareItsLabel()
    {
        using TemporaryFolder folder = new();
        string tar = folder.File("a.tar");
        TarFiles.Write(
            tar,
            TarEntryFormat.Ustar,
            [("a.0.png", Png(1)), ("a.1.png", Png(2)), ("a.txt", Encoding.UTF8.GetBytes(new string('x', 4096))),
                ("b.png", Png(3)), ("b.txt", Encoding.UTF8.GetBytes(new string('x', 4097)))]);

        ImageListing listing = ImageCollection.Enumerate(tar);

        Assert.Equal([4096, 4096, 0], listing.Select(f => f.Label.Length));
        Assert.Same(listing[0].Label, listing[1].Label);
        Assert.Equal("2 ignored: 1 .txt, read for labels, 1 too long for a label", listing.IgnoredByReason());
    }

    [Fact]
    public void ReadFile_TarReplaced_ReadsTheNewOne()
    {
        using TemporaryFolder folder = new();
        string tar = folder.File("a.tar");
        TarFiles.Write(tar, TarEntryFormat.Ustar, [("a.png", Png(1))]);
        _ = ImageReader.ReadFile($"{tar}/a.png");
        TarFiles.Write(tar, TarEntryFormat.Ustar, [("0.png", Png(3)), ("a.png", Png(2))]);
        Assert.Equal(TestImages.Pattern(6, 6, 2).Pixels, ImageReader.ReadFile($"{tar}/a.png").Pixels);
    }

    [Fact]
    public void Enumerate_ShardsByPatternOrFolder_GivesThemInOrder()
    {
        using TemporaryFolder folder = new();
        for (int i = 0; i < 12; i++)
        {
            TarFiles.Write(folder.File($"s-{i:D2}.tar"), TarEntryFormat.Ustar, [($"{i}.png", Png(i)), ($"{i}.cls", "x"u8.ToArray())]);
        }

        IEnumerable<string> Names(string pattern) =>
            ImageCollection.Enumerate(folder.File(pattern)).Select(f => Path.GetFileName(f.ImagePath));
        Assert.Equal(["2.png", "3.png", "4.png"], Names("s-{02..04}.tar"));
        Assert.Equal(["11.png", "7.png"], Names("s-{11,07}.tar"));
        Assert.Equal(["10.png", "11.png"], Names("s-1*.tar"));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"{i}.png"), Names(""));
        Assert.Contains("s-12.tar", Assert.Throws<DirectoryNotFoundException>(() => Names("s-{10..12}.tar")).Message);
        Assert.Contains("two whole numbers", Assert.Throws<InvalidDataException>(() => Names("s-{10..2}.tar")).Message);
        Assert.Contains("not closed", Assert.Throws<InvalidDataException>(() => Names("s-{10.tar")).Message);

        Assert.Contains("more than 1000000 files", Assert.Throws<InvalidDataException>(() => Names("{000..999}{000..999}{0,1}")).Message);

        // Beside an image, archives are not data.
        TestImages.Write(folder, "a.png", Png(1));
        ImageListing mixed = ImageCollection.Enumerate(folder.Path);
        Assert.Single(mixed);
        Assert.Equal(["a.png"], Names("?.png"));
        Assert.Equal("12 ignored: 12 .tar beside images (name it to read what is in it)", mixed.IgnoredByReason());
    }

    private static byte[] Png(int seed) => PngWriter.Encode(TestImages.Pattern(6, 6, seed));

    private static void FixChecksum(byte[] header)
    {
        "        "u8.CopyTo(header.AsSpan(148));
        int sum = header.Take(512).Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
    }
}

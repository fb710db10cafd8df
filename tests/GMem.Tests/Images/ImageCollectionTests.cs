using System.IO.Compression;
using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Images;

public sealed class ImageCollectionTests
{
    private static readonly string[] Names =
        ["b/2.png", "a/10.PNG", "top.png", "a/9.jpeg", "a/deep/x.webp", "a/notes.txt", "b/.hidden.png", "B/1.gif", "c/3.bmp"];
    private static readonly (string Name, string Label)[] Expected =
        [("B/1.gif", "B"),
            ("a/10.PNG", "a"), ("a/9.jpeg", "a"), ("a/deep/x.webp", "deep"), ("b/2.png", "b"), ("c/3.bmp", "c"), ("top.png", "")];

    [Fact]
    public void Enumerate_Folder_ListsImagesInOrdinalOrderWithLabels()
    {
        using TemporaryFolder folder = new();
        foreach (string name in Names)
        {
            TestImages.Write(folder, name, [1]);
        }

        Assert.Equal(Expected.Select(
            e => ($"{folder.Path}/{e.Name}", e.Label)), ImageCollection.Enumerate(folder.Path + "/").Select(f => (f.ImagePath, f.Label)));
    }

    [Fact]
    public void Enumerate_Zip_ListsTheSameAndTheyOpen()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("images.zip");
        WriteZip(archive, [.. Names], CompressionLevel.NoCompression);
        IReadOnlyList<ImageFile> files = ImageCollection.Enumerate(archive);
        Assert.Equal(Expected.Select(e => ($"{archive}/{e.Name}", e.Label)), files.Select(f => (f.ImagePath, f.Label)));
        Assert.All(files, f => Assert.Equal(
            TestImages.Pattern(6, 6, f.ImagePath.Length - archive.Length - 1).Pixels, ImageReader.ReadFile(f.ImagePath).Pixels));
    }

    [Fact]
    public void ReadFile_ManyThreadsInSeveralArchives_GivesEachItsOwnImage()
    {
        using TemporaryFolder folder = new();
        List<(string Path, int Seed)> files = [];
        for (int archive = 0; archive < 6; archive++)
        {
            string path = folder.File($"{archive}.zip");
            string[] names = [.. Enumerable.Range(0, 20).Select(i => new string('n', i + 1) + ".png")];
            WriteZip(path, names, CompressionLevel.Fastest);
            files.AddRange(names.Select(n => ($"{path}/{n}", n.Length)));
        }

        (string Path, int Seed)[] mixed = [.. files.OrderBy(f => f.Seed)];
        Parallel.ForEach(mixed, f => Assert.Equal(TestImages.Pattern(6, 6, f.Seed).Pixels, ImageReader.ReadFile(f.Path).Pixels));
    }

    [Fact]
    public void ReadFile_ArchiveReplacedMeanwhile_ReadsTheNewOne()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("images.zip");
        WriteZip(archive, ["a.png"], CompressionLevel.NoCompression);
        _ = ImageReader.ReadFile($"{archive}/a.png");
        WriteZip(archive, ["a.png", "bc.png"], CompressionLevel.NoCompression);
        Assert.Equal(TestImages.Pattern(6, 6, "bc.png".Length).Pixels, ImageReader.ReadFile($"{archive}/bc.png").Pixels);
    }

    [Fact]
    public void ReadFile_ZipFaults_AreNamed()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("images.zip");
        WriteZip(archive, ["a.png"], CompressionLevel.NoCompression);
        Assert.Contains($"'b.png' in '{archive}'", Assert.Throws<FileNotFoundException>(
            () => ImageReader.ReadFile($"{archive}/b.png")).Message, StringComparison.Ordinal);
        string cut = TestImages.Write(folder, "cut.zip", File.ReadAllBytes(archive)[..^30]);
        Assert.Contains($"'{cut}' is not a zip archive, or it was cut short", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(cut)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadFile_ByteOfAStoredEntryChanged_IsNoticed()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("bmp.zip");
        byte[] bmp = TestImages.Bmp(TestImages.Pattern(6, 6));
        using (ZipArchive zip = ZipFile.Open(archive, ZipArchiveMode.Create))
        using (Stream entry = zip.CreateEntry("a.bmp", CompressionLevel.NoCompression).Open())
        {
            entry.Write(bmp);
        }

        // A pixel: the picture could still be read.
        byte[] bytes = File.ReadAllBytes(archive);
        bytes[bytes.AsSpan().IndexOf(bmp) + bmp.Length - 10] ^= 1;
        File.WriteAllBytes(archive, bytes);
        Assert.Contains("checksum", Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile($"{archive}/a.bmp")).Message);
    }

    [Fact]
    public void Enumerate_NothingThere_SaysWhat()
    {
        using TemporaryFolder folder = new();
        Assert.Contains($"no folder or file '{folder.File("x")}'", Assert.Throws<DirectoryNotFoundException>(
            () => ImageCollection.Enumerate(folder.File("x"))).Message, StringComparison.Ordinal);
        Assert.Contains($"There is no image in '{folder.Path}'", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(folder.Path)).Message, StringComparison.Ordinal);
        string text = TestImages.Write(folder, "notes.txt", [1]);
        Assert.Contains($"'{text}' is neither a folder nor a zip", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Enumerate_LinkedFolders_AreFollowedOnce()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        using TemporaryFolder outside = new();
        using TemporaryFolder folder = new();
        TestImages.Write(outside, "dogs/1.png", [1]);
        TestImages.Write(folder, "a/1.png", [1]);
        Directory.CreateSymbolicLink(folder.File("a/loop"), folder.Path);
        Directory.CreateSymbolicLink(folder.File("dog"), outside.File("dogs"));
        Directory.CreateSymbolicLink(folder.File("dog again"), outside.File("dogs"));
        Directory.CreateSymbolicLink(folder.File("b"), "a");
        File.CreateSymbolicLink(folder.File("linked.png"), folder.File("a/1.png"));
        File.CreateSymbolicLink(folder.File("broken.png"), folder.File("gone.png"));
        File.CreateSymbolicLink(folder.File("circle.png"), folder.File("circle.png"));

        ImageListing listing = ImageCollection.Enumerate(folder.Path);

        Assert.Equal(["a/1.png", "dog/1.png", "linked.png"], Relative(folder, listing.Select(f => f.ImagePath)));
        Assert.Equal(["a", "dog", ""], listing.Select(f => f.Label));
        Assert.Equal(
            "5 ignored: 2 link to a folder that is listed already, 2 link to nothing, 1 link to a folder that it lies in",
            listing.IgnoredByReason());
        Assert.Equal(["a/loop", "b", "broken.png", "circle.png", "dog again"], Relative(folder, listing.Ignored.Select(f => f.Path)));
        Assert.Contains("link to nothing", Assert.Single(listing.Warnings));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Enumerate_OtherFiles_AreAllAccountedFor(bool zip)
    {
        using TemporaryFolder folder = new();
        string[] names = ["a/1.png", "a/IMG_1.HEIC", "a/x.avif", "a/notes.txt", "a/more.TXT", ".git/2.png", "a/.3.png", "__MACOSX/a/4.png",
            "README"];
        string where = folder.Path;
        if (zip)
        {
            where = folder.File("images.zip");
            WriteZip(where, names, CompressionLevel.NoCompression);
        }
        else
        {
            Array.ForEach(names, name => TestImages.Write(folder, name, [1]));
        }

        ImageListing listing = ImageCollection.Enumerate(where);

        Assert.Equal($"{where}/a/1.png", Assert.Single(listing).ImagePath);
        Assert.Equal(names.Length, listing.Count + listing.Ignored.Count);
        Assert.Equal(
            "8 ignored: 3 hidden, 2 .txt, 1 AVIF, which cannot be decoded (convert it to JPEG or PNG), "
                + "1 HEIC, which cannot be decoded (convert it to JPEG or PNG), 1 without an extension",
            listing.IgnoredByReason());
        Assert.Contains("IMG_1.HEIC", Assert.Single(listing.Warnings));
    }

    [Fact]
    public void Enumerate_NamesThatAreNotUtf8_AreNamed()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "a/1.png", [1]);
        Shell.Run(
            folder.Path,
            """
            mkdir "$(printf 'caf\351')"
            cp a/1.png "$(printf 'caf\351')/2.png"
            cp a/1.png "$(printf 'n\351.png')"
            """);

        ImageListing listing = ImageCollection.Enumerate(folder.Path);

        Assert.Single(listing);
        Assert.Equal(
            "2 ignored: 1 folder whose name is not UTF-8, with all that is in it, 1 name that is not UTF-8", listing.IgnoredByReason());
        Assert.Single(listing.Warnings);

        // .NET cannot remove what it cannot name.
        Shell.Run(folder.Path, "rm -r *");
    }

    [Fact]
    public void Enumerate_PipesAndFoldersCalledLikeImages_DoNotBlock()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "x.png/1.png", [1]);
        Shell.Run(folder.Path, "mkfifo pipe.png; ln -s pipe.png link.png; ln -s /dev/zero zero.png");

        ImageListing listing = ImageCollection.Enumerate(folder.Path);

        Assert.Equal(["link.png", "pipe.png", "x.png/1.png", "zero.png"], Relative(folder, listing.Select(f => f.ImagePath)));
        Assert.All(listing.Where(f => f.Label.Length == 0), f => Assert.Contains(
            "A pipe or a device", Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile(f.ImagePath)).Message));
        Assert.Contains("is a folder", Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile(folder.File("x.png"))).Message);
    }

    [Fact]
    public void Enumerate_WorkspaceOfARun_IsPassedOver()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "a/1.png", [1]);
        TestImages.Write(folder, "run/run.lock", [1]);
        TestImages.Write(folder, "run/checkpoints/step-00000001.safetensors", [1]);
        TestImages.Write(folder, "run/samples/step-00000001.png", [1]);

        ImageListing listing = ImageCollection.Enumerate(folder.Path);

        Assert.Single(listing);
        Assert.Equal("1 ignored: 1 workspace of a training run", listing.IgnoredByReason());
    }

    [Fact]
    public void Enumerate_ZipWithOtherEncodings_MergesNoNames()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("gbk.zip");

        // Folders of the bytes that GBK has for dog, bird and horse; then one that is UTF-8 without saying so; then the first once more.
        byte[][] names = [[0xB9, 0xB7], [0xC4, 0xF1], [0xC2, 0xED], "\u00e9"u8.ToArray(), [0xB9, 0xB7]];
        WriteRawZip(archive, [.. names.Select(n => (byte[])[.. n, .. "/1.png"u8])], flags: 0);

        ImageListing listing = ImageCollection.Enumerate(archive);

        Assert.Equal(4, listing.Select(f => f.Label).Distinct(StringComparer.Ordinal).Count());
        Assert.Contains("é", listing.Select(f => f.Label));
        Assert.DoesNotContain(listing, f => f.ImagePath.Contains('\uFFFD', StringComparison.Ordinal));
        Assert.All(listing, f => Assert.Equal(6, ImageReader.ReadFile(f.ImagePath).Width));
        Assert.Equal("1 ignored: 1 second file of the same name", listing.IgnoredByReason());
        Assert.Contains(listing.Warnings, w => w.Contains("code page 437", StringComparison.Ordinal));
    }

    [Fact]
    public void Enumerate_ZipWithOddNames_AccountsForEachUnderItsOwnName()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("odd.zip");
        const ushort IsUtf8 = 0x800;
        byte[][] names = ["./cat/1.png"u8.ToArray(), "dog//2.png"u8.ToArray(), "cat/../3.png"u8.ToArray(), "full.png/"u8.ToArray(),
            [0x61, 0xFF, .. "/4.png"u8], [0x61, 0xFE, .. "/5.png"u8]];
        WriteRawZip(archive, names, IsUtf8);

        ImageListing listing = ImageCollection.Enumerate(archive);

        Assert.Equal(["cat", "dog"], listing.Select(f => f.Label));
        Assert.All(listing, f => Assert.Equal(6, ImageReader.ReadFile(f.ImagePath).Width));
        Assert.Equal(
            "4 ignored: 2 name that is not UTF-8 although it is marked so, 1 folder with data, 1 path with ..", listing.IgnoredByReason());
    }

    [Fact]
    public void Enumerate_EncryptedZip_SaysSo()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("secret.zip");
        WriteRawZip(archive, ["a/1.png"u8.ToArray()], flags: 1);

        Assert.Contains("1 encrypted (archives are read without a password)", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(archive)).Message);
        Assert.Contains("is encrypted", Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile($"{archive}/a/1.png")).Message);
    }

    [Fact]
    public void Enumerate_LabelsSpeltInTwoWays_AreOne()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "x/cafe\u0301/1.png", [1]);
        TestImages.Write(folder, "y/caf\u00e9/2.png", [1]);

        Assert.All(ImageCollection.Enumerate(folder.Path), f => Assert.Equal("caf\u00e9", f.Label));
    }

    private static IEnumerable<string> Relative(TemporaryFolder folder, IEnumerable<string> paths) =>
        paths.Select(p => Path.GetRelativePath(folder.Path, p));

    /// <summary>A zip of stored images of 6 x 6 pixels, whose names are bytes and whose flags are as given.</summary>
    private static void WriteRawZip(string path, byte[][] names, ushort flags)
    {
        byte[] png = PngWriter.Encode(TestImages.Pattern(6, 6, 1));
        uint crc = TestImages.Crc(png);
        using FileStream file = File.Create(path);
        using BinaryWriter writer = new(file);
        List<uint> offsets = [];
        foreach (byte[] name in names)
        {
            offsets.Add((uint)file.Position);
            writer.Write(0x04034b50);
            WriteFields(writer, flags, crc, png.Length, name.Length);
            writer.Write(name);
            writer.Write(png);
        }

        uint directory = (uint)file.Position;
        for (int i = 0; i < names.Length; i++)
        {
            writer.Write(0x02014b50);
            writer.Write((ushort)20);
            WriteFields(writer, flags, crc, png.Length, names[i].Length);
            writer.Write(new byte[6 + 4]);
            writer.Write(offsets[i]);
            writer.Write(names[i]);
        }

        uint end = (uint)file.Position;
        writer.Write(0x06054b50);
        writer.Write(new byte[4]);
        writer.Write((ushort)names.Length);
        writer.Write((ushort)names.Length);
        writer.Write(end - directory);
        writer.Write(directory);
        writer.Write((ushort)0);
    }

    /// <summary>What the local header and that of the directory have in common.</summary>
    private static void WriteFields(BinaryWriter writer, ushort flags, uint crc, int length, int nameLength)
    {
        writer.Write((ushort)20);
        writer.Write(flags);
        writer.Write(new byte[2 + 4]);
        writer.Write(crc);
        writer.Write(length);
        writer.Write(length);
        writer.Write((ushort)nameLength);
        writer.Write((ushort)0);
    }

    /// <summary>Each image's seed is the length of its name.</summary>
    private static void WriteZip(string path, string[] names, CompressionLevel level)
    {
        File.Delete(path);
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (string name in names)
        {
            using Stream stream = archive.CreateEntry(name, level).Open();
            stream.Write(PngWriter.Encode(TestImages.Pattern(6, 6, name.Length)));
        }
    }
}

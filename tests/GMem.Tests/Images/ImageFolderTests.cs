using System.IO.Compression;
using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Images;

public sealed class ImageFolderTests
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
            e => ($"{folder.Path}/{e.Name}", e.Label)), ImageFolder.Enumerate(folder.Path + "/").Select(f => (f.ImagePath, f.Label)));
    }

    [Fact]
    public void Enumerate_Zip_ListsTheSameAndTheyOpen()
    {
        using TemporaryFolder folder = new();
        string archive = folder.File("images.zip");
        WriteZip(archive, [.. Names], CompressionLevel.NoCompression);
        IReadOnlyList<ImageFile> files = ImageFolder.Enumerate(archive);
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
            () => ImageFolder.Enumerate(cut)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Enumerate_NothingThere_SaysWhat()
    {
        using TemporaryFolder folder = new();
        Assert.Contains($"no folder or .zip file '{folder.File("x")}'", Assert.Throws<DirectoryNotFoundException>(
            () => ImageFolder.Enumerate(folder.File("x"))).Message, StringComparison.Ordinal);
        Assert.Contains($"There is no image in '{folder.Path}'", Assert.Throws<InvalidDataException>(
            () => ImageFolder.Enumerate(folder.Path)).Message, StringComparison.Ordinal);
        string text = TestImages.Write(folder, "notes.txt", [1]);
        Assert.Contains($"'{text}' is neither a folder nor a .zip file", Assert.Throws<InvalidDataException>(
            () => ImageFolder.Enumerate(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Enumerate_LinkedFolder_IsNotFollowed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "a/1.png", [1]);
        Directory.CreateSymbolicLink(folder.File("a/loop"), folder.Path);
        Assert.Single(ImageFolder.Enumerate(folder.Path));
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

using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using GMem.Images;
using GMem.Tests.Shared;

namespace GMem.Tests.Images.Collections;

public sealed class CollectionFormatTests
{
    [Fact]
    public void Enumerate_OtherFiles_AreNamedAsWhatTheyAre()
    {
        using TemporaryFolder folder = new();
        using MemoryStream gzip = new();
        using (GZipStream pack = new(gzip, CompressionLevel.Fastest, leaveOpen: true))
        {
            pack.Write(new byte[1024]);
        }

        (byte[] Bytes, string Says)[] files =
        [
            (gzip.ToArray(), "Unpack it: gzip -dk '"),
            ([0x28, 0xB5, 0x2F, 0xFD, 1, 2], "Unpack it: zstd -d '"),
            ("PARE1234"u8.ToArray(), "encrypted Parquet"),
            ("ARROW1\0\0"u8.ToArray(), "an Arrow file"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"u8.ToArray(), "Git LFS pointer"),
            ("<html>"u8.ToArray(), "HTML"),
            ("""{"a": 1}"""u8.ToArray(), "JSON"),
            ("""["a.png", "b.png"]"""u8.ToArray(), "JSON"),
            ("BZh91AY"u8.ToArray(), "bzip2 -dk"),
            (PngWriter.Encode(TestImages.Pattern(6, 6)), "a single image"),
            ([0, 1, 2, 3], "neither a folder nor a zip, tar or Parquet file"),
            ([], "is empty"),
        ];
        foreach ((byte[] bytes, string says) in files)
        {
            foreach (string name in new[] { "x.tar", "x.parquet", "x.tar.gz", "x.csv" })
            {
                string path = TestImages.Write(folder, name, bytes);
                string message = Assert.Throws<InvalidDataException>(() => ImageCollection.Enumerate(path)).Message;
                Assert.Contains(path, message);
                Assert.Contains(says, message);
                Assert.False(ImageCollection.IsCollection(path));
            }
        }

        Assert.False(ImageCollection.IsCollection(folder.File("none")));
        Assert.True(ImageCollection.IsCollection(folder.Path));
    }

    [Theory]
    [InlineData("[set] x/1.png,cat\n")]
    [InlineData("{a}/1.png\tcat\n")]
    [InlineData("BZhang/1.jpg,cat\n")]
    public void Enumerate_ListThatBeginsLikeAnotherFormat_IsRead(string text)
    {
        using TemporaryFolder folder = new();
        Assert.Equal("cat", Assert.Single(ImageCollection.Enumerate(TestImages.Write(folder, "x", Encoding.UTF8.GetBytes(text)))).Label);
    }

    [Fact]
    public void Enumerate_EndingsThatLie_DoNotMatter()
    {
        using TemporaryFolder folder = new();
        byte[] png = PngWriter.Encode(TestImages.Pattern(6, 6));
        string tar = folder.File("a.zip");
        TarFiles.Write(tar, TarEntryFormat.Ustar, [("a.png", png)]);
        string zip = folder.File("b.tar");
        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Create))
        using (Stream entry = archive.CreateEntry("b.png").Open())
        {
            entry.Write(png);
        }

        string list = TestImages.Write(folder, "c.parquet", Encoding.UTF8.GetBytes($"a.zip/a.png,x\nb.tar/b.png,y\n"));
        Assert.Equal(["x", "y"], ImageCollection.Enumerate(list).Select(f => f.Label));
        Assert.All(
            new[] { tar, zip, list }.SelectMany(path => ImageCollection.Enumerate(path)),
            f => Assert.Equal(6, ImageReader.ReadFile(f.ImagePath).Width));
        Assert.Contains("lists images and holds none", Assert.Throws<InvalidDataException>(
            () => ImageReader.ReadFile($"{list}/a.png")).Message);
    }
}

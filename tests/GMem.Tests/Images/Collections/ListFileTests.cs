using System.IO.Compression;
using System.Text;
using GMem.Images;
using GMem.Tests.Shared;

namespace GMem.Tests.Images.Collections;

public sealed class ListFileTests
{
    [Theory]
    [InlineData("a.png,cat\r\nsub/b.png,dog\r\n", "a.png cat|sub/b.png dog")]
    [InlineData("a.png\tcat, the \"big\" one\nsub/b.png\tdog", "a.png cat, the \"big\" one|sub/b.png dog")]
    [InlineData("id,Label,File_Name\n1,cat,a.png\n2,,sub/b.png\n", "a.png cat|sub/b.png ")]
    [InlineData("path\na.png\n\nsub/b.png\n", "a.png |sub/b.png sub")]
    [InlineData("\"a.png\",\"x, \"\"y\"\"\"\n\"sub/b.png\",\"two\nlines\"", "a.png x, \"y\"|sub/b.png two\nlines")]
    [InlineData("a.png, e\u0301 \nsub/b.png,\n", "a.png é|sub/b.png ")]
    [InlineData("a.png,image\nsub/b.png,path\n", "a.png image|sub/b.png path")]
    public void Enumerate_Lists_GivesPathsAndLabels(string text, string expected)
    {
        using TemporaryFolder folder = new();
        string list = TestImages.Write(folder, "list.of.images", Encoding.UTF8.GetBytes(text));
        TestImages.Write(folder, "a.png", Png(1));
        TestImages.Write(folder, "sub/b.png", Png(2));

        ImageListing listing = ImageCollection.Enumerate(list);

        Assert.Equal(
            expected, string.Join('|', listing.Select(f => $"{Path.GetRelativePath(folder.Path, f.ImagePath)} {f.Label}")));
        Assert.Equal(TestImages.Pattern(6, 6, 2).Pixels, ImageReader.ReadFile(listing[1].ImagePath).Pixels);
        Assert.Empty(listing.Ignored);
    }

    [Fact]
    public void Enumerate_OtherLines_AreAllAccountedFor()
    {
        using TemporaryFolder folder = new();
        using (ZipArchive zip = ZipFile.Open(folder.File("z.zip"), ZipArchiveMode.Create))
        using (Stream entry = zip.CreateEntry("cat/1.png").Open())
        {
            entry.Write(Png(3));
        }

        string absolute = TestImages.Write(folder, "abs.png", Png(4));
        string list = TestImages.Write(folder, "sub/list.csv", Encoding.UTF8.GetBytes(
            $"../z.zip/cat/1.png,cat\n{absolute},x\nhttps://example.org/a.png,y\n../z.zip/cat/1.png,dog\n,z\ngone.png,q\n"));

        ImageListing listing = ImageCollection.Enumerate(list);

        Assert.Equal(["cat", "x", "q"], listing.Select(f => f.Label));
        Assert.Equal("3 ignored: 1 URL, which is not fetched, 1 line without a path, 1 second line of the same path",
            listing.IgnoredByReason());
        Assert.Equal(TestImages.Pattern(6, 6, 3).Pixels, ImageReader.ReadFile(listing[0].ImagePath).Pixels);
        Assert.Equal(TestImages.Pattern(6, 6, 4).Pixels, ImageReader.ReadFile(listing[1].ImagePath).Pixels);
        Assert.Contains("gone.png", Assert.Throws<FileNotFoundException>(() => ImageReader.ReadFile(listing[2].ImagePath)).Message);
        Assert.Contains("line 3", Assert.Single(listing.Warnings));
    }

    [Fact]
    public void Enumerate_Utf16WithAMark_IsRead()
    {
        using TemporaryFolder folder = new();
        string list = TestImages.Write(
            folder, "excel.txt", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a.png\tgr\u00fcn\r\n")]);
        Assert.Equal("grün", Assert.Single(ImageCollection.Enumerate(list)).Label);
    }

    [Fact]
    public void Enumerate_OtherText_IsNoList()
    {
        using TemporaryFolder folder = new();
        string text = TestImages.Write(folder, "notes.txt", "Buy milk, bread\n"u8.ToArray());
        Assert.Contains($"'{text}' is a text file but no list of images: its first line is 'Buy milk'", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(text)).Message);
    }

    [Theory]
    [InlineData("a.png,\"cat\nb.png,dog", "line 1")]
    [InlineData("a.png,cat\nb.png,\"dog\" x", "line 2")]
    public void Enumerate_QuotesThatAreNotClosed_IsInvalidData(string text, string where)
    {
        using TemporaryFolder folder = new();
        string list = TestImages.Write(folder, "list.csv", Encoding.UTF8.GetBytes(text));
        string message = Assert.Throws<InvalidDataException>(() => ImageCollection.Enumerate(list)).Message;
        Assert.Contains(list, message);
        Assert.Contains(where, message);
    }

    [Fact]
    public void Enumerate_LatinText_IsRefused()
    {
        using TemporaryFolder folder = new();
        byte[] text = [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a.png,cat\n", 500))), .. "b.png,gr"u8, 0xFC, (byte)'n'];
        string list = TestImages.Write(folder, "list.csv", text);
        Assert.Contains("not UTF-8", Assert.Throws<InvalidDataException>(() => ImageCollection.Enumerate(list)).Message);
    }

    [Fact]
    public void Enumerate_LongLists_TakeTimeInProportion()
    {
        using TemporaryFolder folder = new();
        string list = TestImages.Write(folder, "list.csv", Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 200_000).Select(i => $"\"images/{i:D7}.jpg\",class{i % 10}\n"))));
        Assert.Equal(200_000, ImageCollection.Enumerate(list).Count);
        string open = TestImages.Write(folder, "open.csv", Encoding.UTF8.GetBytes($"a.png,b\n\"{new string('\n', 1_000_000)}"));
        Assert.Throws<InvalidDataException>(() => ImageCollection.Enumerate(open));
    }

    private static byte[] Png(int seed) => PngWriter.Encode(TestImages.Pattern(6, 6, seed));
}

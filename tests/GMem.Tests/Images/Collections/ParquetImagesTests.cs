using System.Text;
using GMem.Images;
using GMem.Tests.Shared;
using Parquet;
using Parquet.Schema;

namespace GMem.Tests.Images.Collections;

public sealed class ParquetImagesTests
{
    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Brotli)]
    [InlineData(CompressionMethod.Lz4Raw)]
    public void Enumerate_OfHuggingFace_GivesLabelsByNameAndReadsOnAllThreads(CompressionMethod compression)
    {
        using TemporaryFolder folder = new();
        string file = TestImages.Write(folder, "train-00000-of-00001.bin", ParquetFiles.Write(
            compression, 7, ParquetFiles.Features,
            [.. Enumerable.Range(0, 40).Select(i => new ParquetFiles.Row(Png(i), $"{i}.png", (i % 3) - 1))]));

        ImageListing listing = ImageCollection.Enumerate(file);

        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{file}/{i}"), listing.Select(f => f.ImagePath));
        Assert.Equal(["", "cat", "dog", ""], listing.Take(4).Select(f => f.Label));
        Assert.Empty(listing.Warnings);
        Parallel.ForEach(Enumerable.Range(0, 400), i => Assert.Equal(
            TestImages.Pattern(6, 6, i * 7 % 40).Pixels, ImageReader.ReadFile(listing[i * 7 % 40].ImagePath).Pixels));
        Assert.All(
            new[] { "40", "-1", "a", "1/2" },
            row => Assert.Throws<FileNotFoundException>(() => ImageReader.ReadFile($"{file}/{row}")));
    }

    /// <summary>
    /// Written by Apache Arrow's own library (ParquetSharp 25.0), as by Python: structures that may be null, dictionaries, pages of version
    /// 2, statistics. Images are 3, 4, ... pixels wide; of row 1 there is a path only, of row 2 nothing.
    /// </summary>
    [Fact]
    public void Enumerate_OfApacheArrow_ReadsEachRow()
    {
        string file = Path.Combine(Repository.Root, "tests", "Fixtures", "images", "arrow.parquet");
        ImageListing listing = ImageCollection.Enumerate(file);
        Assert.Equal(["cat", "dog", "", "cat", "dog", "horse"], listing.Select(f => f.Label));
        Assert.All([0, 3, 4, 5], i => Assert.Equal(3 + i, ImageReader.ReadFile(listing[i].ImagePath).Width));
        Assert.Contains("only the path 'src/1.png'", Assert.Throws<InvalidDataException>(
            () => ImageReader.ReadFile(listing[1].ImagePath)).Message);
        Assert.Contains("has no image", Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile(listing[2].ImagePath)).Message);
    }

    [Fact]
    public void ReadFile_RowsWithoutBytes_ReadFilesBesideItOnly()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "outside.png", Png(1));
        string beside = TestImages.Write(folder, "data/images/b.png", Png(2));
        string?[] paths =
            ["images/b.png", beside, "../outside.png", folder.File("outside.png"), "https://example.org/a.png", "none.png", null];
        string file = TestImages.Write(folder, "data/a.parquet", ParquetFiles.Write(
            CompressionMethod.Snappy, 100, null,
            [.. paths.Select(p => new ParquetFiles.Row(null, p, null)), new(Png(3), null, 5), new([], null, 5)]));

        ImageListing listing = ImageCollection.Enumerate(file);

        Assert.Equal(["", "5"], listing.Select(f => f.Label).Skip(6).Take(2));
        Assert.All([0, 1], i => Assert.Equal(TestImages.Pattern(6, 6, 2).Pixels, ImageReader.ReadFile(listing[i].ImagePath).Pixels));
        Assert.All([2, 3, 4, 5], i => Assert.Contains(
            $"'{file}/{i}' has no bytes, only the path '{paths[i]}'",
            Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile(listing[i].ImagePath)).Message));
        Assert.Equal(TestImages.Pattern(6, 6, 3).Pixels, ImageReader.ReadFile(listing[7].ImagePath).Pixels);
        Assert.All([6, 8], i => Assert.Contains(
            "has no image", Assert.Throws<InvalidDataException>(() => ImageReader.ReadFile(listing[i].ImagePath)).Message));
    }

    [Fact]
    public void Enumerate_PlainColumns_AreChosenByTheirNames()
    {
        using TemporaryFolder folder = new();
        DataField<byte[]> mask = new("mask"), image = new("Image");
        DataField<string> kind = new("class", nullable: true);
        DataField<int> number = new("Label");
        string file = TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            new ParquetSchema(mask, kind, image, number), CompressionMethod.Snappy, "no JSON",
            [
                async group =>
                {
                    await group.WriteAsync(mask, (byte[][])[Png(1), Png(2)]);
                    await group.WriteAsync(kind, (string?[])["cafe\u0301", null]);
                    await group.WriteAsync(image, (byte[][])[Png(3), Png(4)]);
                    await group.WriteAsync<int>(number, new[] { 7, 8 });
                },
            ]));

        ImageListing listing = ImageCollection.Enumerate(file);

        Assert.Equal(["7", "8"], listing.Select(f => f.Label));
        Assert.Equal(TestImages.Pattern(6, 6, 4).Pixels, ImageReader.ReadFile(listing[1].ImagePath).Pixels);
        Assert.Equal(3, listing.Warnings.Count);
        Assert.Contains(listing.Warnings, w => w.Contains("'Image', 'mask'", StringComparison.Ordinal));
        Assert.Contains(listing.Warnings, w => w.Contains("'Label', 'class'", StringComparison.Ordinal));
        Assert.Contains(listing.Warnings, w => w.Contains("not valid JSON", StringComparison.Ordinal));
    }

    [Fact]
    public void Enumerate_WithoutImages_NamesTheColumns()
    {
        using TemporaryFolder folder = new();
        DataField<string> text = new("text");
        string file = TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            new ParquetSchema(text), CompressionMethod.Snappy, null, [group => group.WriteAsync(text, (string[])["x"])]));
        string message = Assert.Throws<InvalidDataException>(() => ImageCollection.Enumerate(file)).Message;
        Assert.Contains("no column of images", message);
        Assert.Contains("It has text (BYTE_ARRAY)", message);
    }

    [Fact]
    public void Enumerate_LabelThatNoClassHas_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        string file = TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            CompressionMethod.Snappy, 9, ParquetFiles.Features, new ParquetFiles.Row(Png(1), null, 2)));
        Assert.Contains("the label 2 is none of the 2 classes", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(file)).Message);
    }

    [Fact]
    public void Enumerate_LabelsOfOtherTypes_AreReadOrNamed()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(["3", "", "0.5", "1E+20"], Write([3, double.NaN, 0.5, 1e20]).Select(f => f.Label));
        Assert.Equal(["7", "18446744073709551615"], Write([7UL, ulong.MaxValue]).Select(f => f.Label));
        Assert.Equal(["true", "false"], Write([true, false]).Select(f => f.Label));
        ImageListing unread = Write([1.5f, 2f]);
        Assert.Equal(["", ""], unread.Select(f => f.Label));
        Assert.Contains("The column 'label' of", Assert.Single(unread.Warnings));
        Assert.Contains("of the type FLOAT", unread.Warnings[0]);

        ImageListing Write<T>(T[] labels)
            where T : struct
        {
            DataField<byte[]> image = new("image");
            DataField<T> label = new("label");
            return ImageCollection.Enumerate(TestImages.Write(folder, $"{typeof(T).Name}.parquet", ParquetFiles.Write(
                new ParquetSchema(image, label), CompressionMethod.Snappy, null,
                [
                    async group =>
                    {
                        await group.WriteAsync(image, (byte[][])[.. labels.Select(_ => Png(1))]);
                        await group.WriteAsync<T>(label, labels);
                    },
                ])));
        }
    }

    [Fact]
    public void Enumerate_LongLabel_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        string Write(int length)
        {
            DataField<byte[]> image = new("image");
            DataField<string> label = new("label");
            return TestImages.Write(folder, $"{length}.parquet", ParquetFiles.Write(
                new ParquetSchema(image, label), CompressionMethod.Snappy, null,
                [
                    async group =>
                    {
                        await group.WriteAsync(image, (byte[][])[Png(1)]);
                        await group.WriteAsync(label, (string[])[new string('x', length)]);
                    },
                ]));
        }

        Assert.Equal(4096, ImageCollection.Enumerate(Write(4096))[0].Label.Length);
        Assert.Contains("a label has 4097 characters", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(Write(4097))).Message);
    }

    [Fact]
    public void ReadFile_PathThatNoFileHas_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        string file = TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            CompressionMethod.Snappy, 9, null, new ParquetFiles.Row(null, "a\0b", 2), new(null, new string('x', 32_768), 2)));
        Assert.All([0, 1], i => Assert.Contains("a path that no file has", Assert.Throws<InvalidDataException>(
            () => ImageReader.ReadFile($"{file}/{i}")).Message));
    }

    [Fact]
    public void RowGroupCache_ReadThatFailed_IsReadAgain()
    {
        using TemporaryFolder folder = new();
        ParquetImages file = new(TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            CompressionMethod.Snappy, 9, null, new ParquetFiles.Row(Png(1), null, 2))));
        RowGroupImages images = new([], [], 0);
        Assert.Throws<IOException>(() => RowGroupCache.Get(file, 0, () => Task.FromException<RowGroupImages>(new IOException())));
        Assert.Same(images, RowGroupCache.Get(file, 0, () => Task.FromResult(images)));
        file.Uses.RemoveOwner();
    }

    [Fact]
    public void Enumerate_CutOrClaimingMore_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        byte[] good = ParquetFiles.Write(CompressionMethod.None, 9, null, new ParquetFiles.Row(Png(1), null, 2));
        string cut = TestImages.Write(folder, "cut.parquet", good[..^20]);
        Assert.Contains($"'{cut}' cannot be read as a Parquet file: it does not end", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(cut)).Message);
        string claims = TestImages.Write(folder, "claims.parquet", [.. good[..^8], 0xFF, 0xFF, 0xFF, 0x7F, .. "PAR1"u8]);
        Assert.Contains("its metadata claim 2147483647 bytes", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(claims)).Message);

        // A footer of numbers that do not end, on which Parquet.Net would wait for ever.
        byte[] endless = [.. "PAR1"u8, 0x15, .. Enumerable.Repeat((byte)0xFF, 30), 31, 0, 0, 0, .. "PAR1"u8];
        Assert.Contains("metadata are damaged", Assert.Throws<InvalidDataException>(
            () => ImageCollection.Enumerate(TestImages.Write(folder, "endless.parquet", endless))).Message);
    }

    [Fact]
    public void Enumerate_FolderOfADataSet_GivesAllItsFiles()
    {
        using TemporaryFolder folder = new();
        TestImages.Write(folder, "README.md", Encoding.UTF8.GetBytes("# data"));
        for (int i = 0; i < 3; i++)
        {
            TestImages.Write(folder, $"data/train-0000{i}-of-00003.parquet", ParquetFiles.Write(
                CompressionMethod.Snappy, 2, ParquetFiles.Features, [.. Enumerable.Repeat(new ParquetFiles.Row(Png(i), null, 1), 5)]));
        }

        ImageListing listing = ImageCollection.Enumerate(folder.Path);

        Assert.Equal(15, listing.Count);
        Assert.All(listing, f => Assert.Equal("dog", f.Label));
        Assert.Equal("1 ignored: 1 .md", listing.IgnoredByReason());
        Assert.Equal(TestImages.Pattern(6, 6, 2).Pixels, ImageReader.ReadFile(listing[14].ImagePath).Pixels);
    }

    [Fact]
    public void ReadFile_FileReplaced_ReadsTheNewOne()
    {
        using TemporaryFolder folder = new();
        string file = TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            CompressionMethod.Snappy, 9, null, new ParquetFiles.Row(Png(1), null, 2)));
        _ = ImageReader.ReadFile($"{file}/0");
        TestImages.Write(folder, "a.parquet", ParquetFiles.Write(
            CompressionMethod.Snappy, 9, null, new ParquetFiles.Row(Png(2), null, 2), new(Png(3), null, 2)));
        Assert.Equal(TestImages.Pattern(6, 6, 2).Pixels, ImageReader.ReadFile($"{file}/0").Pixels);
    }

    private static byte[] Png(int seed) => PngWriter.Encode(TestImages.Pattern(6, 6, seed));
}

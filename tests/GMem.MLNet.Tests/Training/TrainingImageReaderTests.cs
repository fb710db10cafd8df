using GMem.Images;
using GMem.Latents;
using GMem.MLNet.Tests.Fakes;
using GMem.MLNet.Tests.Generation;
using GMem.MLNet.Training;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace GMem.MLNet.Tests.Training;

public class TrainingImageReaderTests
{
    private const int Size = 4;

    [Fact]
    public void Read_Paths_KeepsOrderPixelsAndSources()
    {
        using TemporaryFolder folder = new();
        Row[] rows = Rows(40, folder);

        using TrainingImages images = Read(Views.Of(rows), nameof(Row.Path));

        CheckPixels(images, 40);
        Assert.Equal(rows.Select(r => r.Path), images.Sources);
        Assert.Null(images.Snippets);
    }

    [Fact]
    public void Read_BadImages_AreReportedWithTheirRows()
    {
        Row[] rows = Rows(6);
        rows[2].Bytes = [1, 2, 3];
        rows[4].Bytes = [];
        List<ReadingProgress> reports = [];
        GMemTrainer.Options options = new()
        {
            ImageColumnName = nameof(Row.Bytes),
            ImageSize = Size,
            ReadingProgress = new Reports(reports),
        };
        options.Training.BatchSize = 1;
        IDataView view = Views.Of(rows);
        using IChannel channel = ((IHostEnvironment)Views.MLContext).Register("test").Start("test");
        using TrainingImages images = TrainingImageReader.Read(view, new TrainingColumns(view.Schema, options), options, channel);

        Assert.Equal((4, true), (reports[^1].Read, reports[^1].IsComplete));
        Assert.Equal(["row 2", "row 4"], reports[^1].Skipped.Select(s => s.Source));
        Assert.Contains("is not an image", reports[^1].Skipped[0].Reason);
    }

    [Fact]
    public void Read_PathsIntoAZip_FindsThem()
    {
        using TemporaryFolder folder = new();
        Rows(5, folder);
        using TemporaryFolder elsewhere = new();
        System.IO.Compression.ZipFile.CreateFromDirectory(folder.Path, elsewhere.File("images.zip"));
        IDataView view = Views.Of([.. ImageCollection.Enumerate(elsewhere.File("images.zip"))]);

        using TrainingImages images = Read(view, nameof(ImageFile.ImagePath));

        CheckPixels(images, 5);
    }

    [Fact]
    public void Read_EncodedBytes_DecodesThem()
    {
        using TrainingImages images = Read(Views.Of(Rows(3)), nameof(Row.Bytes));

        CheckPixels(images, 3);
        Assert.Null(images.Sources);
    }

    [Fact]
    public void Read_Images_TakesTheirColoursInEitherOrder()
    {
        byte[] rgba = [10, 20, 30, 255, 0, 0, 0, 0, 10, 0, 0, 128, 1, 2, 3, 255];
        byte[] bgra = [30, 20, 10, 255, 0, 0, 0, 0, 0, 0, 10, 128, 3, 2, 1, 255];
        IDataView view = Views.Of(
            new ImageRow { Image = MLImage.CreateFromPixels(2, 2, MLPixelFormat.Rgba32, rgba) },
            new ImageRow { Image = MLImage.CreateFromPixels(2, 2, MLPixelFormat.Bgra32, bgra) });

        using TrainingImages images = Read(view, nameof(ImageRow.Image), size: 2);

        // Opaque as it is, transparent white, half a red over white.
        byte[] expected = [10, 255, 137, 1, 20, 255, 127, 2, 30, 255, 127, 3];
        Assert.Equal([.. expected, .. expected], images.Pixels.bytes.ToArray());
    }

    [Fact]
    public void Read_FromALoaderThatDisposesImages_GetsThemAll()
    {
        using TemporaryFolder folder = new();
        Row[] rows = Rows(12, folder);
        IDataView view = Views.MLContext.Transforms.LoadImages("Loaded", "", nameof(Row.Path)).Fit(Views.Of(rows))
            .Transform(Views.Of(rows));

        using TrainingImages images = Read(view, "Loaded");

        CheckPixels(images, 12);
    }

    [Fact]
    public void Read_LargerImages_CutsTheirMiddle()
    {
        byte[] pixels = [.. Enumerable.Range(0, 8 * 4).SelectMany(i => i % 8 is < 2 or >= 6 ? new byte[] { 255, 0, 0 } : [0, 0, 200])];
        byte[] png = PngWriter.Encode(new RgbImage(8, 4, pixels));

        using TrainingImages images = Read(Views.Of(new Row { Bytes = png }), nameof(Row.Bytes));

        byte[] expected = [.. Enumerable.Repeat((byte)0, 32), .. Enumerable.Repeat((byte)200, 16)];
        Assert.Equal(expected, images.Pixels.bytes.ToArray());
    }

    [Fact]
    public void Read_Snippets_KeepsThemWithTheirImages()
    {
        Row[] rows = Rows(1500);

        using TrainingImages images = Read(Views.Of(rows), nameof(Row.Bytes), nameof(Row.Features));

        CheckPixels(images, 1500);
        Assert.Equal([1500, 2], images.Snippets!.shape);
        Assert.Equal(rows.SelectMany(r => r.Features), images.Snippets.data<float>().ToArray());
    }

    [Fact]
    public void Read_OnlyTheColumnsItNeeds_AreActive()
    {
        Row[] rows = Rows(3);
        rows[0].Path = "there is no such file";

        using TrainingImages images = Read(Views.Of(rows), nameof(Row.Bytes));

        CheckPixels(images, 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_SeveralBadImages_NamesTheFirst(bool rowWithoutPath)
    {
        using TemporaryFolder folder = new();
        Row[] rows = Rows(30, folder);
        File.WriteAllText(rows[11].Path, "no image");
        File.WriteAllBytes(rows[12].Path, []);
        rows[14].Path = rowWithoutPath ? "" : rows[14].Path;

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => Read(Views.Of(rows), nameof(Row.Path)));

        Assert.Contains(rows[11].Path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AMissingFile_NamesIt()
    {
        FileNotFoundException e = Assert.Throws<FileNotFoundException>(
            () => Read(Views.Of(new Row { Path = "nowhere.png" }), nameof(Row.Path)));

        Assert.Contains("nowhere.png", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ARowWithoutAnImage_NamesTheRow()
    {
        using TemporaryFolder folder = new();
        Assert.Equal("Row 1 (counted from 0): column 'Path' has no image; it is an empty path.", Fault(
            Views.Of(Rows(1, folder)[0], new Row()), nameof(Row.Path)));
        Assert.Equal("Row 0 (counted from 0): column 'Image' has no image; it is null or has no bytes.", Fault(
            Views.Of(new ImageRow()), nameof(ImageRow.Image)));
        Assert.Equal("Row 1 (counted from 0): column 'Bytes' has no image; it is null or has no bytes.", Fault(
            Views.Of(Rows(1)[0], new Row()), nameof(Row.Bytes)));
    }

    [Theory]
    [InlineData(float.NaN, 1f, "has an entry that is not a finite number")]
    [InlineData(1f, float.PositiveInfinity, "has an entry that is not a finite number")]
    [InlineData(0f, 0f, "is all zeros, which stands for no snippet at all")]
    public void Read_ABadSnippet_NamesTheRow(float first, float second, string fault)
    {
        Row[] rows = Rows(5);
        rows[3].Features = [first, second];

        Assert.Equal($"Row 3 (counted from 0): the snippet in column 'Features' {fault}.", Fault(
            Views.Of(rows), nameof(Row.Bytes), nameof(Row.Features)));
    }

    [Fact]
    public void Read_TooFewRows_SaysHowMany()
    {
        Assert.Equal("The training data have no rows.",
            Assert.Throws<ArgumentException>(() => Read(Views.Of<Row>(), nameof(Row.Bytes))).Message);
        Assert.Equal(
            "The training data have 3 images, fewer than one batch of 4. Give more images, or set Training.BatchSize (batchSize) to at "
                + "most 3.",
            Assert.Throws<ArgumentException>(() => Read(Views.Of(Rows(3)), nameof(Row.Bytes), batchSize: 4)).Message);
    }

    [Fact]
    public void Read_Cancelled_Stops()
    {
        Assert.ThrowsAny<OperationCanceledException>(() => Read(Views.Of(Rows(3)), nameof(Row.Bytes), cancelled: true));
    }

    [Fact]
    public void Read_WellOrBadly_LeavesNoTensors()
    {
        Row[] bad = Rows(3);
        bad[2].Features = [0, 0];
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Read(Views.Of(Rows(3)), nameof(Row.Bytes), nameof(Row.Features)).Dispose();
        Fault(Views.Of(bad), nameof(Row.Bytes), nameof(Row.Features));

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static string Fault(IDataView view, string image, string? snippet = null) =>
        Assert.Throws<InvalidDataException>(() => Read(view, image, snippet)).Message;

    private static TrainingImages Read(
        IDataView view, string image, string? snippet = null, int batchSize = 1, int size = Size, bool cancelled = false)
    {
        GMemTrainer.Options options = new()
        {
            ImageColumnName = image,
            SnippetColumnName = snippet,
            ImageSize = size,
            BadImages = BadImageHandling.Throw,
            CancellationToken = new CancellationToken(cancelled)
        };
        options.Training.BatchSize = batchSize;
        using IChannel channel = ((IHostEnvironment)Views.MLContext).Register("test").Start("test");
        return TrainingImageReader.Read(view, new TrainingColumns(view.Schema, options), options, channel);
    }

    /// <summary>Row i is of the colour (i, i + 1, i + 2) modulo 256, and its snippet is (i + 1, -i).</summary>
    private static Row[] Rows(int count, TemporaryFolder? folder = null)
    {
        Row[] rows = [.. Enumerable.Range(0, count).Select(i => new Row { Bytes = Png(i), Features = [i + 1, -i], Path = $"{i}.png" })];
        if (folder is not null)
        {
            foreach ((Row row, int i) in rows.Select((r, i) => (r, i)))
            {
                row.Path = folder.File($"{i:0000}.png");
                File.WriteAllBytes(row.Path, row.Bytes);
            }
        }

        return rows;
    }

    private static byte[] Png(int i) =>
        PngWriter.Encode(
            new RgbImage(Size, Size, [.. Enumerable.Range(0, Size * Size).SelectMany(
                _ => new[] { (byte)i, (byte)(i + 1), (byte)(i + 2) })]));

    private static void CheckPixels(TrainingImages images, int count)
    {
        Assert.Equal([count, 3, Size, Size], images.Pixels.shape);
        byte[] expected = [.. Enumerable.Range(0, count).SelectMany(
            i => Enumerable.Range(0, 3).SelectMany(c => Enumerable.Repeat((byte)(i + c), Size * Size)))];
        Assert.Equal(expected, images.Pixels.bytes.ToArray());
    }

    private sealed class Row
    {
        public string Path { get; set; } = "";

        public byte[] Bytes { get; set; } = [];

        [VectorType(2)]
        public float[] Features { get; set; } = [1, 1];
    }

    private sealed class ImageRow
    {
        [ImageType(2, 2)]
        public MLImage? Image { get; set; }
    }

    private sealed class Reports(List<ReadingProgress> all) : IProgress<ReadingProgress>
    {
        public void Report(ReadingProgress value) => all.Add(value);
    }
}

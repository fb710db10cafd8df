using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet.Tests.Generation;

public class ColumnBufferTests
{
    [Fact]
    public void Images_FromALoaderThatDisposesThem_StayReadableBehindTheLookAhead()
    {
        using TemporaryFolder folder = new();
        FileRow[] rows = [.. Enumerable.Range(0, 5).Select(i => new FileRow { Path = $"{i}.png", Seed = i })];
        foreach (FileRow row in rows)
        {
            using MLImage image = Solid((byte)(40 * row.Seed));
            image.Save(folder.File(row.Path));
        }

        IDataView loaded = Views.MLContext.Transforms.LoadImages("Photo", folder.Path, "Path").Fit(Views.Of(rows))
            .Transform(Views.Of(rows));
        IDataView view = loaded.Generate(new FakeGenerator(), batchSize: 3);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        for (int i = 0; cursor.MoveNext(); i++)
        {
            using MLImage photo = cursor.Value<MLImage>("Photo");
            using MLImage generated = cursor.Value<MLImage>("GeneratedImage");
            Assert.Equal(40 * i, photo.Pixels[0]);
            Assert.Equal(folder.File($"{i}.png"), photo.Tag);
        }
    }

    [Fact]
    public void Images_OfTheUser_AreNotDisposed()
    {
        ImageRow[] rows = [.. Enumerable.Range(0, 3).Select(i => new ImageRow { Image = Solid((byte)i) })];
        IDataView view = Views.Of(rows).Generate(new FakeGenerator(), batchSize: 2);
        using (DataViewRowCursor cursor = view.GetRowCursor(view.Schema))
        {
            while (cursor.MoveNext())
            {
                cursor.Value<MLImage>("Image").Dispose();
            }
        }

        Assert.All(rows, (row, i) => Assert.Equal(i, row.Image!.Pixels[0]));
    }

    [Fact]
    public void Images_MissingInARow_StayMissing()
    {
        IDataView view = Views.Of(new ImageRow(), new ImageRow { Image = Solid(7) }).Generate(new FakeGenerator());

        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        cursor.MoveNext();
        Assert.Null(cursor.Value<MLImage>("Image"));
        cursor.MoveNext();
        Assert.Equal(7, cursor.Value<MLImage>("Image").Pixels[0]);
    }

    internal static MLImage Solid(byte value, int size = 2) =>
        MLImage.CreateFromPixels(
            size, size, MLPixelFormat.Rgba32, [.. Enumerable.Range(0, size * size).SelectMany(
                _ => new byte[] { value, value, value, 255 })]);

    private sealed class FileRow
    {
        public string Path { get; set; } = "";

        public long Seed { get; set; }
    }

    private sealed class ImageRow
    {
        [ImageType(2, 2)]
        public MLImage? Image { get; set; }
    }
}

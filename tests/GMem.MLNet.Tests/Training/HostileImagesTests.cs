using System.Text;
using GMem.MLNet.Tests.Fakes;
using GMem.Tests.Shared;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using SkiaSharp;

namespace GMem.MLNet.Tests.Training;

/// <summary>A folder as the world has them: good images of every kind among files that are none.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class HostileImagesTests
{
    private static readonly string[] Bad = ["truncated.jpg", "zero bytes.png", "thin.png", "huge header.png", "text.jpg", "folder.jpg",
        "broken link.jpg"];

    [Fact]
    public void Fit_AFolderOfHostileImages_TrainsToTheEndAndNamesEachBadFileOnce()
    {
        using TemporaryFolder folder = new();
        ImageRow[] rows = Write(folder);
        List<string> warnings = [];
        MLContext ml = Context(warnings);
        long before = GC.GetTotalAllocatedBytes(precise: true);

        using GMemTransformer model = ml.ImageGeneration.Trainers.GMem(Options()).Fit(ml.Data.LoadFromEnumerable(rows));

        Assert.Equal(rows.Length - Bad.Length, model.Memory.Count);
        foreach (string name in Bad)
        {
            string warning = Assert.Single(warnings, w => w.Contains(name, StringComparison.Ordinal));
            Assert.Contains("Skipped: ", warning, StringComparison.Ordinal);
        }

        string sum = Assert.Single(warnings, w => w.Contains($"Skipped {Bad.Length} of {rows.Length} images", StringComparison.Ordinal));
        Assert.Contains("Options.BadImages = Throw", sum, StringComparison.Ordinal);
        Assert.Equal(Bad.Length + 1, warnings.Count(w => w.Contains("Skipped", StringComparison.Ordinal)));
        Assert.Contains(model.Memory.Entries, e => Path.GetFileName(e.Source) == "日本 ü%20&.png");

        // 20,000 x 20,000 pixels are 1.6 GB: what a header merely claims is not allocated.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 500L << 20);
    }

    [Fact]
    public void Fit_Throw_StopsAtTheFirst()
    {
        using TemporaryFolder folder = new();
        ImageRow[] rows = Write(folder);
        MLContext ml = Context([]);
        GMemTrainer.Options options = Options();
        options.BadImages = BadImageHandling.Throw;
        string first = rows.First(r => Bad.Contains(Path.GetFileName(r.ImagePath))).ImagePath;
        Exception error = Assert.ThrowsAny<Exception>(
            () => ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(rows)));
        Assert.Contains(first, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_SkippedRows_TakeTheirSnippetsLabelsAndPixelsWithThem()
    {
        foreach (bool inFiles in new[] { false, true })
        {
            using TemporaryFolder folder = new(), workspace = new();
            SnippetRow[] rows = [.. TinyTrainer.Rows.Select(
                (r, i) => new SnippetRow { ImagePath = folder.File($"{i:D2}.png"), Label = $"label {i}", Features = [i + 1, 1, 0] })];
            foreach ((SnippetRow row, TrainingRow image) in rows.Zip(TinyTrainer.Rows))
            {
                File.WriteAllBytes(row.ImagePath, image.Bytes);
            }

            File.WriteAllText(rows[3].ImagePath, "no image");
            File.Delete(rows[9].ImagePath);
            GMemTrainer.Options options = Options();
            options.SnippetColumnName = nameof(SnippetRow.Features);
            options.WorkspacePath = inFiles ? workspace.Path : null;
            MLContext ml = Context([]);
            using GMemTransformer model = ml.ImageGeneration.Trainers.GMem(options).Fit(ml.Data.LoadFromEnumerable(rows));

            string[] expected = [.. rows.Where((_, i) => i is not (3 or 9)).Select(r => r.Label)];
            Assert.Equal(expected, model.Memory.Entries.Select(e => e.Label));
            using TorchSharp.torch.Tensor snippets = model.Memory.Rows([3, 8]);
            Assert.Equal(5 / Math.Sqrt(26), snippets[0, 0].item<float>(), 1e-6);
            Assert.Equal(11 / Math.Sqrt(122), snippets[1, 0].item<float>(), 1e-6);
            Assert.False(Directory.Exists(Path.Combine(workspace.Path,
                "images")) && Directory.EnumerateFileSystemEntries(Path.Combine(workspace.Path, "images")).Any());
        }
    }

    [Fact]
    public void Fit_NothingButBadImages_SaysHowMany()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("a.png"), "no image");
        MLContext ml = Context([]);
        ArgumentException error = Assert.Throws<ArgumentException>(
            () =>
                ml.ImageGeneration.Trainers.GMem(Options()).Fit(
                    ml.Data.LoadFromEnumerable([new ImageRow { ImagePath = folder.File("a.png") }])));
        Assert.StartsWith(
            $"The training data have 0 images (1 more could not be read, the first because: '{folder.File("a.png")}' is not an image",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_PixelsInFilesOfTheWorkspace_SameModelAsInMemory()
    {
        using TemporaryFolder workspace = new();
        GMemTrainer.Options options = TinyTrainer.Options();
        using GMemTransformer inMemory = TinyTrainer.Fit(new MLContext(seed: 1), options);
        options.WorkspacePath = workspace.Path;
        using GMemTransformer inFiles = TinyTrainer.Fit(new MLContext(seed: 1), options);
        IReadOnlyList<GeneratedImage> a = inMemory.Model.Generate([new(1), new(2)]), b = inFiles.Model.Generate([new(1), new(2)]);
        Assert.Equal(a.Pixels.bytes.ToArray(), b.Pixels.bytes.ToArray());
    }

    private static GMemTrainer.Options Options()
    {
        GMemTrainer.Options options = TinyTrainer.Options();
        options.ImageColumnName = nameof(ImageRow.ImagePath);
        return options;
    }

    private static MLContext Context(List<string> warnings)
    {
        MLContext ml = new(seed: 1);
        ml.Log += (_, e) =>
        {
            if (e.Kind == ChannelMessageKind.Warning)
            {
                lock (warnings)
                {
                    warnings.Add(e.Message);
                }
            }
        };
        return ml;
    }

    private static ImageRow[] Write(TemporaryFolder folder)
    {
        void Put(string name, byte[] bytes) => File.WriteAllBytes(folder.File(name), bytes);
        for (int i = 0; i < TinyTrainer.Rows.Count; i++)
        {
            Put($"good {i:D2}.png", TinyTrainer.Rows[i].Bytes);
        }

        byte[] png = TinyTrainer.Rows[0].Bytes, jpeg = TestImages.Encode(TestImages.Pattern(40, 40), SKEncodedImageFormat.Jpeg, 90);
        Put("日本 ü%20&.png", png);
        Put("cmyk.jpg", TestImages.CmykJpeg());
        Put("16 bit.png", TestImages.Png(2, 2, 16, 2, [.. Enumerable.Range(0, 24).Select(i => (byte)(i * 10))]));
        Put("animated.gif", TestImages.Gif());
        Put("truncated.jpg", jpeg[..(jpeg.Length / 2)]);
        Put("zero bytes.png", []);
        Put("thin.png", TestImages.Png(1, 20_000, 8, 0, new byte[20_000]));
        Put("huge header.png", TestImages.Png(20_000, 20_000, 8, 2, []));
        Put("text.jpg", Encoding.UTF8.GetBytes("this is no image"));
        Directory.CreateDirectory(folder.File("folder.jpg"));
        File.CreateSymbolicLink(folder.File("broken link.jpg"), folder.File("nowhere.jpg"));
        return [.. Directory.EnumerateFileSystemEntries(folder.Path).Order(StringComparer.Ordinal).Select(
            p => new ImageRow { ImagePath = p })];
    }

    private sealed class ImageRow
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class SnippetRow
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";

        [Microsoft.ML.Data.VectorType(3)]
        public float[] Features { get; set; } = [];
    }
}

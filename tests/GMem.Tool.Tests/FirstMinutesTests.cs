using GMem.Images;
using GMem.Tests.Shared;
using GMem.Tool.Output;
using GMem.Training;

namespace GMem.Tool.Tests;

/// <summary>What a new user sees: few pictures, how long it takes, and what goes on.</summary>
public sealed class FirstMinutesTests(TinyFiles files) : IClassFixture<TinyFiles>, IDisposable
{
    private static readonly string[] Small =
        ["--image-size", "8", "--patch-size", "2", "--hidden-size", "32", "--depth", "1", "--heads", "2", "--steps", "2"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_FewerImagesThanTheDefaultBatch_TrainsOnAllAndSaysSo()
    {
        ToolRun run = ToolRun.Of(["train", files.Images, "--output", _folder.File("m.zip"), .. Small]);

        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Equal(
            "warning: 24 images are fewer than the default batch of 64: --batch-size is 24, so every step sees them all.",
            run.Error.TrimEnd());
    }

    [Fact]
    public void Train_DryRun_SaysLikeTrainingThatABatchDoesNotFit()
    {
        ToolRun run = ToolRun.Of(["train", files.Images, "--output", _folder.File("m.zip"), "--batch-size", "25", "--dry-run", .. Small]);

        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains(
            "24 images can be read, fewer than one batch of 25. Give more images, or set --batch-size to at most 24.", run.Error);
    }

    [Fact]
    public void Train_DryRun_SaysLabelsAndSizesAndWhatIsSkipped()
    {
        string photos = Directory.CreateDirectory(_folder.File("photos/a")).Parent!.FullName;
        (int Width, int Height)[] sizes = [(6, 9), (20, 10), (40, 30)];
        for (int i = 0; i < sizes.Length; i++)
        {
            RgbImage image = new(sizes[i].Width, sizes[i].Height, new byte[sizes[i].Width * sizes[i].Height * 3]);
            PngWriter.Write(Path.Combine(photos, i == 0 ? "a" : "", $"{i}.png"), image);
        }

        File.WriteAllText(Path.Combine(photos, "page.png"), "<html>");
        ToolRun run = ToolRun.Of(["train", photos, "--output", _folder.File("m.zip"), "--dry-run", .. Small]);

        Assert.Contains("4 images found, 3 read, 1 skipped", run.Error);
        Assert.Matches("warning: Skipped: '.*page.png' is text", run.Error);
        Assert.Contains(
            "1 label of 1 image; 6 x 9 to 40 x 30 pixels, median 20 x 10; 1 smaller than 8 x 8, which are enlarged",
            run.Error);
        Assert.Contains("3 images a step, all there are (the default is 64)", run.Error);
    }

    [Theory]
    [InlineData(0.2, "about 1 second")]
    [InlineData(44.6, "about 45 seconds")]
    [InlineData(100, "about 2 minutes")]
    [InlineData(720, "about 12 minutes")]
    [InlineData(5520, "about 1.5 hours")]
    [InlineData(36_000, "about 10 hours")]
    [InlineData(200_000, "about 2.3 days")]
    public void About_OfADuration_IsAsOneSaysIt(double seconds, string expected) =>
        Assert.Equal(expected, DurationText.About(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void TrainingReport_SaysHowLongAndCorrectsItself()
    {
        using StringWriter output = new();
        _ = ProgressView.Show(new ToolConsole(output, TextWriter.Null, terminal: false), json: false, "begin", view =>
        {
            TrainingReport report = new(view);
            foreach ((long step, int seconds) in new[] { (1, 3000), (2, 720), (3, 700), (500, 1500), (1500, 700), (1999, 0) })
            {
                report.Report(new TrainingProgress(step, 2000, 1, 0.5, 1, 1e-3, 90, TimeSpan.FromSeconds(seconds)));
            }

            return 0;
        });

        string[] lines = output.ToString().ReplaceLineEndings("\n").TrimEnd().Split('\n');
        Assert.Equal(
            [
                "begin", "step 1/2000  loss 0.5000  90 images/s  50:00 left", "about 12 minutes for 2,000 steps",
                "now about 25 minutes for the 1,500 steps left", "now about 12 minutes for the 500 steps left",
            ],
            lines);
    }
}

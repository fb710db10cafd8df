using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using GMem.Images;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Tests.Training.Checkpoints;
using GMem.Training;
using Tensorboard;
using TorchSharp;

namespace GMem.Tests.Training.Watching;

public sealed class WorkspaceFilesTests
{
    [Fact]
    public void Fit_WithAWorkspace_MetricsHaveALineAReport()
    {
        using TemporaryFolder folder = new();
        ProgressList progress = Fit(Options(folder.Path));
        string[][] lines = [.. File.ReadLines(folder.File("metrics.csv")).Select(l => l.Split(','))];
        Assert.Equal(
            "step,epoch,loss,velocity_loss,validation_loss,validation_velocity_loss,frechet_distance,copy_share,quality_seconds,"
                + "augmentation_probability,gradient_norm,learning_rate,images_per_second,skipped_steps,resident_bytes,own_cost",
            string.Join(',', lines[0]));
        Assert.Equal(progress.Reports.Select(r => $"{r.Step}"), lines.Skip(1).Select(l => l[0]));
        Assert.Equal(progress.Reports.Select(r => r.Loss), lines.Skip(1).Select(l => double.Parse(l[2])));
        Assert.Equal(progress.Reports.Select(r => r.LossOf("velocity")), lines.Skip(1).Select(l => (double?)double.Parse(l[3])));
        Assert.Equal(["", "", "0", "", "", "0"], lines.Skip(1).Select(l => l[4].Length == 0 ? "" : "0"));
        Assert.Equal(["", "", "0", "", "", "0"], lines.Skip(1).Select(l => l[5].Length == 0 ? "" : "0"));
        Assert.All(progress.Reports, r => Assert.True(
            r is { ResidentMemory: > 1_000_000, OwnCost: > 0 and < 1, LossTerms: [{ Name: "velocity", Value: > 0 }], SkippedSteps: 0 }));
    }

    [Fact]
    public void Fit_Continued_EveryStepIsInTheMetricsOnce()
    {
        using TemporaryFolder folder = new();
        GMemOptions options = Options(folder.Path);
        WorkspaceCrash.After(5, folder.Path, (progress, stop) =>
        {
            using TrainingImages images = TinyModel.Images();
            GMemModel.Fit(images, options, torch.CPU, progress, stop).Dispose();
        });
        File.AppendAllText(folder.File("metrics.csv"), "6,0.3");
        Fit(options);
        Assert.Equal(["1", "2", "3", "4", "5", "6"], File.ReadLines(folder.File("metrics.csv")).Skip(1).Select(l => l.Split(',')[0]));
    }

    [Fact]
    public void Fit_WithAWorkspace_TensorBoardEventsParseBack()
    {
        using TemporaryFolder folder = new();
        ProgressList progress = Fit(Options(folder.Path));
        List<Event> events = [.. Directory.GetFiles(folder.File("tensorboard")).SelectMany(TensorBoardFile.Read)];
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        (long Step, float Value)[] Scalars(string tag) =>
            [.. events.Where(e => e.Summary?.Value[0] is { } v && v.Tag == tag).Select(e => (e.Step, e.Summary.Value[0].SimpleValue))];
        Assert.Equal(progress.Reports.Select(r => (r.Step, (float)r.Loss)), Scalars("loss/total"));
        Assert.Equal(progress.Reports.Select(r => (r.Step, (float)r.LearningRate)), Scalars("optimizer/learning rate"));
        Assert.Equal(progress.Reports.Where(r => r.ValidationLoss is not null).Select(
            r => (r.Step, (float)r.ValidationLoss!)), Scalars("loss/validation"));
        Event image = events.First(e => e.Summary?.Value[0].Tag == "samples");
        Assert.Equal(3, image.Step);
        Assert.InRange(Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - image.WallTime), 0, 600);
        RgbImage grid = ImageReader.Decode(image.Summary.Value[0].Image.EncodedImageString.ToByteArray(), "tensorboard");
        Assert.Equal(ImageReader.ReadFile(folder.File("samples/step-00000003.png")).Pixels, grid.Pixels);
    }

    [Fact]
    public void Fit_SampleGrids_AreThoseOfTheModelAtThatStepAndChangeNoNumber()
    {
        using TemporaryFolder folder = new();
        GMemOptions options = Options(folder.Path);
        ProgressList progress = Fit(options);
        Assert.Equal([folder.File("samples/step-00000003.png"), folder.File("samples/step-00000006.png")], progress.Reports.Select(
            r => r.SampleGridPath).OfType<string>());

        GMemOptions plain = Options(null);
        using TrainingImages images = TinyModel.Images();
        using GMemModel model = GMemModel.Fit(images, plain, torch.CPU);
        IReadOnlyList<GeneratedImage> samples = model.Generate([.. Enumerable.Range(1, 5).Select(seed => new GenerationRequest(seed))]);
        RgbImage expected = ImageGrid.Compose(ImageTensors.FromTensor(samples.Pixels), columns: 3, scale: 8);
        Assert.Equal(expected.Pixels, ImageReader.ReadFile(folder.File("samples/step-00000006.png")).Pixels);
    }

    [Fact]
    public void Fit_WithAWorkspace_ReportIsOnePageThatNeedsNothingElse()
    {
        using TemporaryFolder folder = new();
        Fit(Options(folder.Path));
        string page = File.ReadAllText(folder.File("report.html"));
        Assert.DoesNotMatch(new Regex("(src|href)=\"(?!data:)"), page);
        Assert.DoesNotMatch(new Regex("url\\((?!#)|@import|<script"), page);
        string[] ids = [.. Regex.Matches(page, " id=\"([^\"]+)\"").Select(m => m.Groups[1].Value)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.Equal(2, Regex.Count(page, "src=\"data:image/png;base64,"));
        Assert.True(Regex.Count(page, "<svg") >= 5);
        Assert.Contains("<th>Steps</th><td>6 of 6</td>", page, StringComparison.Ordinal);
        Assert.Contains("<th>Training.LearningRate</th><td>0.001</td>", page, StringComparison.Ordinal);
        Assert.Contains("own cost of the loop", page, StringComparison.Ordinal);
        foreach (Match image in Regex.Matches(page, "base64,([^\"]+)\""))
        {
            Assert.Equal(200, ImageReader.Decode(Convert.FromBase64String(image.Groups[1].Value), "report").Width);
        }
    }

    /// <summary>The picture that docs/training.md says how to make by hand.</summary>
    [Fact]
    public async Task Report_InHeadlessChromium_IsDrawn()
    {
        string? chromium = new[] { "chromium", "chromium-browser", "google-chrome" }
            .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(
                folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(chromium is null, "no Chromium in PATH (chromium, chromium-browser or google-chrome)");
        using TemporaryFolder folder = new();
        Fit(Options(folder.Path));
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu",
            "--window-size=1200,1600", $"--screenshot={folder.File("report.png")}", new Uri(folder.File("report.html")).AbsoluteUri,
        ];
        using Process process = Process.Start(
            new ProcessStartInfo(chromium!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(File.Exists(folder.File("report.png")), errors);
        RgbImage picture = ImageReader.ReadFile(folder.File("report.png"));

        // Blue of the training curve: the plots are drawn, not only named.
        int blue = 0;
        for (int i = 0; i < picture.Pixels.Length; i += picture.Channels)
        {
            blue += picture.Pixels[i] < 0x40 && picture.Pixels[i + 1] is > 0x50 and < 0x90 && picture.Pixels[i + 2] > 0x90 ? 1 : 0;
        }

        Assert.True(blue > 500, $"{blue} pixels of the curves' colour");
    }

    [Fact]
    public void Fit_FilesCannotBeWritten_TrainingGoesOnAndSaysSo()
    {
        using TemporaryFolder folder = new();
        GMemOptions options = Options(folder.Path);
        bool broken = false;
        ProgressList progress = Fit(options, report =>
        {
            if (!broken)
            {
                // A folder in the file's place: appending fails for every user, root too.
                broken = true;
                File.Delete(folder.File("metrics.csv"));
                _ = Directory.CreateDirectory(folder.File("metrics.csv"));
            }
        });
        Assert.Equal([1L, 2, 3, 4, 5, 6], progress.Reports.Select(r => r.Step).Distinct());
        Assert.Contains(
            progress.Reports.SelectMany(r => r.Messages),
            m => m.Level == TrainingMessageLevel.Warning
                && m.Text.StartsWith("metrics.csv or the TensorBoard events could not be written:", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_LastCheckpointCannotBeWritten_IsToldAfterTheLastReport()
    {
        using TemporaryFolder folder = new();
        ProgressList progress = Fit(Options(folder.Path), report =>
        {
            if (report.Step == 6 && Directory.Exists(folder.File("checkpoints")))
            {
                Directory.Delete(folder.File("checkpoints"), recursive: true);
            }
        });
        Assert.Equal([5L, 6, 6], progress.Reports.Select(r => r.Step).TakeLast(3));
        Assert.StartsWith(
            "The checkpoint of step 6 could not be written:", Assert.Single(progress.Reports[^1].Messages).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_WithAListener_TheMeterTells()
    {
        List<double> losses = [];
        int thread = Environment.CurrentManagedThreadId;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument is { Meter.Name: "GMem", Name: "gmem.training.loss" })
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) =>
        {
            // Other tests train at the same time, on their threads.
            if (Environment.CurrentManagedThreadId == thread)
            {
                losses.Add(value);
            }
        });
        listener.Start();
        ProgressList progress = Fit(Options(null));
        Assert.Equal(progress.Reports.Select(r => r.Loss), losses);
    }

    private static GMemOptions Options(string? workspace)
    {
        GMemOptions options = TinyModel.Options(steps: 6);
        options.WorkspacePath = workspace;
        options.Training.CheckpointEvery = 2;
        options.Training.SampleEveryNStep = 3;
        options.Training.SampleCount = 5;
        options.Training.ValidationFraction = 0.25;
        options.Training.ValidateEveryNStep = 3;
        return options;
    }

    private static ProgressList Fit(GMemOptions options, Action<TrainingProgress>? onReport = null)
    {
        ProgressList progress = new() { OnReport = onReport };
        using TrainingImages images = TinyModel.Images();
        GMemModel.Fit(images, options, torch.CPU, progress).Dispose();
        return progress;
    }
}

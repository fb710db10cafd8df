using System.Text.RegularExpressions;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training.Checkpoints;

public sealed class ResumeTests
{
    private const int Steps = 7;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    public void Fit_StoppedAtAStepAndRunAgain_SameBitsAsNeverStopped(int stopped)
    {
        using TemporaryFolder folder = new();
        string whole = Hash(Fit(Options(null)));
        Crash(Options(folder.Path), stopped);

        ProgressList progress = new();
        Assert.Equal(whole, Hash(Fit(Options(folder.Path), progress)));

        // Checkpoints are written every second step.
        Assert.Equal((stopped / 2 * 2) + 1, progress.Reports[0].Step);
        Assert.Contains(
            progress.Reports[0].Messages, m => m.Text.StartsWith($"Continuing from step {stopped / 2 * 2}", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_StoppedSeveralTimesWithPowerAveragesWarmUpAndMicroBatches_SameBits()
    {
        using TemporaryFolder folder = new();
        string whole = Hash(Fit(Rich(null)));
        Crash(Rich(folder.Path), 3);
        Crash(Rich(folder.Path), 5);
        Assert.Equal(whole, Hash(Fit(Rich(folder.Path))));

        static GMemOptions Rich(string? workspace)
        {
            GMemOptions options = Options(workspace);
            options.Training.PowerAverageWidths = [0.05, 0.1];
            options.Training.WarmUpSteps = 3;
            options.Training.LearningRateSchedule = LearningRateSchedule.Cosine;
            options.Training.MicroBatchSize = 3;
            options.Training.HorizontalFlip = true;
            options.Training.ValidationFraction = 0.25;
            options.Training.ValidateEveryNStep = 2;
            return options;
        }
    }

    [Fact]
    public void Fit_RunAgainWhenComplete_GivesTheSameModelWithoutAStep()
    {
        using TemporaryFolder folder = new();
        string whole = Hash(Fit(Options(folder.Path)));
        ProgressList progress = new();
        Assert.Equal(whole, Hash(Fit(Options(folder.Path), progress)));
        Assert.Empty(progress.Reports);
    }

    [Fact]
    public void Fit_MoreSteps_GoesOnAndEqualsTheLongRun()
    {
        using TemporaryFolder folder = new();
        string longRun = Hash(Fit(Options(null, steps: 9)));
        Fit(Options(folder.Path, steps: 4)).Dispose();
        ProgressList progress = new();
        Assert.Equal(longRun, Hash(Fit(Options(folder.Path, steps: 9), progress)));
        Assert.Equal(5, progress.Reports[0].Step);
    }

    [Fact]
    public void Fit_OptionsThatMatterChanged_NamesEachWithOldAndNewValue()
    {
        using TemporaryFolder folder = new();
        Fit(Options(folder.Path)).Dispose();
        GMemOptions changed = Options(folder.Path);
        changed.Training.LearningRate = 0.002;
        changed.Network = changed.Network with { Depth = 3 };
        changed.EncoderTrainer = new PcaEncoderTrainer { Dimension = 11 };

        string message = Assert.Throws<ArgumentException>(() => Fit(changed)).Message;

        // Another encoder, and with it other snippets: their hashes are left out.
        Assert.Matches(
            "Encoder was 'pca' version 1 {\"requestedDimension\":12,.*} [0-9a-f]{64} and is 'pca' version 1 "
                + "{\"requestedDimension\":11,.*}", message);
        message = Regex.Replace(message, "(Data.Snippets|Encoder) was [^;]*; ", "$1; ");
        string path = System.IO.Path.Combine(folder.Path, "checkpoints", "step-00000007.safetensors");
        Assert.Equal(
            $"The run cannot be continued from '{path}', because it would not be the same run: Data.Snippets; Encoder; "
            + "Network.Conditions was ['snippet' version 1 {\"size\":12,\"scale\":3.4641016151377544,\"dropout\":0.4}] "
            + "and is ['snippet' version 1 {\"size\":11,\"scale\":3.3166247903554,\"dropout\":0.4}]; Network.Depth was 2 and is 3; "
                + "Training.LearningRate was 0.001 and is 0.002. "
            + "Set it back to continue, or choose another WorkspacePath to start anew.",
            message);
    }

    [Fact]
    public void Fit_OtherImages_Refused()
    {
        using TemporaryFolder folder = new();
        Fit(Options(folder.Path)).Dispose();
        using TrainingImages images = TinyModel.Images();
        images.Pixels[3, 0, 0, 0] = 255 - images.Pixels[3, 0, 0, 0].item<byte>();
        Assert.Contains(
            "Data.Images was [24, 3, 8, 8]",
            Assert.Throws<ArgumentException>(() => GMemModel.Fit(images, Options(folder.Path), torch.CPU)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FewerStepsThanWereDone_Refused()
    {
        using TemporaryFolder folder = new();
        Fit(Options(folder.Path)).Dispose();
        Assert.Contains(
            "TotalSteps is 4, but", Assert.Throws<ArgumentException>(() => Fit(Options(folder.Path, steps: 4))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_OptionsOfTheRunChanged_Continues()
    {
        using TemporaryFolder folder = new();
        Crash(Options(folder.Path), 3);
        GMemOptions changed = Options(folder.Path);
        changed.Training.CheckpointEvery = TimeSpan.FromHours(1);
        changed.Training.CheckpointsKept = 1;
        changed.Training.LogEveryNStep = 3;
        changed.Sampling = changed.Sampling with { Steps = 2 };
        using GMemModel model = Fit(changed);
        Assert.Equal(Steps, model.TrainedSteps);
        Assert.Equal(["step-00000007.safetensors"], Checkpoints(folder));
    }

    [Theory]
    [InlineData(Damage.Cut)]
    [InlineData(Damage.Flip)]
    [InlineData(Damage.Empty)]
    public void Fit_NewestCheckpointDamaged_FallsBackAndSaysSo(Damage damage)
    {
        using TemporaryFolder folder = new();
        string whole = Hash(Fit(Options(null)));
        Crash(Options(folder.Path), 5);
        string newest = System.IO.Path.Combine(folder.Path, "checkpoints", "step-00000004.safetensors");
        Do(damage, newest);

        ProgressList progress = new();
        Assert.Equal(whole, Hash(Fit(Options(folder.Path), progress)));

        Assert.Equal(3, progress.Reports[0].Step);
        TrainingMessage warning = progress.Reports[0].Messages.First(m => m.Level == TrainingMessageLevel.Warning);
        Assert.StartsWith($"The checkpoint '{newest}' is damaged", warning.Text, StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(newest + ".damaged"));
    }

    [Fact]
    public void Fit_EveryCheckpointDamaged_StartsAnewAndSaysSo()
    {
        using TemporaryFolder folder = new();
        string whole = Hash(Fit(Options(null)));
        Crash(Options(folder.Path), 5);
        foreach (string name in Checkpoints(folder))
        {
            Do(Damage.Cut, System.IO.Path.Combine(folder.Path, "checkpoints", name));
        }

        ProgressList progress = new();
        Assert.Equal(whole, Hash(Fit(Options(folder.Path), progress)));
        Assert.Contains(
            progress.Reports[0].Messages, m => m.Text.EndsWith("is whole: the run starts from the beginning.", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_CheckpointsKept_AreTheNewest()
    {
        using TemporaryFolder folder = new();
        Fit(Options(folder.Path)).Dispose();
        Assert.Equal(["step-00000004.safetensors", "step-00000006.safetensors", "step-00000007.safetensors"], Checkpoints(folder));
    }

    [Fact]
    public void Fit_Cancelled_TheNextRunGoesOnFromThere()
    {
        using TemporaryFolder folder = new();
        string whole = Hash(Fit(Options(null)));
        using CancellationTokenSource source = new();
        ProgressList cancelling = new() { OnReport = r => { if (r.Step == 3) { source.Cancel(); } } };
        Fit(Options(folder.Path), cancelling, source.Token).Dispose();
        ProgressList progress = new();
        Assert.Equal(whole, Hash(Fit(Options(folder.Path), progress)));
        Assert.Equal(4, progress.Reports[0].Step);
    }

    [Fact]
    public void Fit_WorkspaceInUse_SaysSo()
    {
        using TemporaryFolder folder = new();
        IOException? error = null;
        ProgressList second = new()
        {
            OnReport = r =>
            {
                if (r.Step == 1)
                {
                    error = Assert.Throws<IOException>(() => Fit(Options(folder.Path)));
                }
            },
        };
        Fit(Options(folder.Path), second).Dispose();
        Assert.Contains("is in use by another run", error!.Message, StringComparison.Ordinal);
    }

    private static GMemOptions Options(string? workspace, long steps = Steps)
    {
        GMemOptions options = TinyModel.Options(steps);
        options.WorkspacePath = workspace;
        options.Training.CheckpointEvery = 2;
        options.Training.SampleEveryNStep = 0;
        return options;
    }

    private static GMemModel Fit(
        GMemOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using TrainingImages images = TinyModel.Images();
        return GMemModel.Fit(images, options, torch.CPU, progress, cancellationToken);
    }

    private static void Crash(GMemOptions options, long step) =>
        WorkspaceCrash.After(step, options.WorkspacePath!, (progress, stop) => Fit(options, progress, stop).Dispose());

    private static string Hash(GMemModel model)
    {
        using (model)
        {
            MemoryArchive archive = new();
            model.Save(archive);
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(archive.Entries["network.safetensors"]));
        }
    }

    private static string[] Checkpoints(TemporaryFolder folder) =>
        [.. Directory.GetFiles(System.IO.Path.Combine(folder.Path, "checkpoints")).Select(p => System.IO.Path.GetFileName(p)).Order(
            StringComparer.Ordinal)];

    private static void Do(Damage damage, string path)
    {
        byte[] bytes = System.IO.File.ReadAllBytes(path);
        bytes[^5] ^= (byte)(damage == Damage.Flip ? 1 : 0);
        System.IO.File.WriteAllBytes(path, damage == Damage.Cut ? bytes[..^7] : damage == Damage.Empty ? [] : bytes);
    }

    public enum Damage
    {
        Cut,
        Flip,
        Empty,
    }
}

using System.Text;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.ArchitectureTests.OpenParts;

/// <summary>A loss term from outside is one class and one entry of a list. This project sees the public API only.</summary>
public sealed class DispersiveLossTests
{
    [Fact]
    public void Compute_TwoSamples_IsTheClosedForm()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor prediction = torch.tensor(new[] { 0f, 0, 1, 3 }, 2, 2);
        LossInput input = new()
        {
            Time = torch.zeros(2),
            Noise = prediction,
            Data = prediction,
            State = prediction,
            Prediction = prediction,
        };

        // Distances are 0, 5, 5, 0.
        double expected = 0.5 * Math.Log((1 + Math.Exp(-5 / 0.5)) / 2);
        Assert.Equal(expected, new DispersiveLoss().Compute(input).item<float>(), 1e-6);
    }

    [Fact]
    public void Fit_WithATermFromOutside_ItTrainsAndIsInEveryReport()
    {
        using TemporaryFolder folder = new();
        ProgressList with = new(), without = new();
        TinyModel.Train(Options(folder.Path, new DispersiveLoss(weight: 5)), with).Dispose();
        TinyModel.Train(Options(null, new DispersiveLoss(weight: 1e-12)), without).Dispose();

        // The term pulls: predictions are further apart than without it.
        double last = with.Reports[^1].LossOf("dispersive")!.Value;
        Assert.True(last < without.Reports[^1].LossOf("dispersive") - 0.02, $"{last}");
        Assert.All(with.Reports, r =>
        {
            Assert.Equal(["velocity", "dispersive"], r.LossTerms.Select(t => t.Name));
            Assert.Equal(r.Loss, r.LossOf("velocity")!.Value + (5 * r.LossOf("dispersive")!.Value), 1e-5);
        });
        TrainingProgress validated = with.Reports.Last(r => r.ValidationLoss is not null);
        double total = validated.ValidationLossOf("velocity")!.Value + (5 * validated.ValidationLossOf("dispersive")!.Value);
        Assert.Equal(validated.ValidationLoss!.Value, total, 1e-5);

        string[][] lines = [.. File.ReadLines(folder.File("metrics.csv")).Select(l => l.Split(','))];
        Assert.Equal(
            ["loss", "velocity_loss", "dispersive_loss", "validation_loss", "validation_velocity_loss", "validation_dispersive_loss"],
            lines[0][2..8]);
        Assert.Equal(with.Reports.Select(r => r.LossOf("dispersive")!.Value), lines.Skip(1).Select(l => double.Parse(l[4])));
        string events = Encoding.Latin1.GetString(File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder.File("tensorboard")))));
        Assert.Contains("loss/dispersive", events, StringComparison.Ordinal);
        Assert.Contains("validation/dispersive", events, StringComparison.Ordinal);
        string report = File.ReadAllText(folder.File("report.html"));
        Assert.Contains(">dispersive<", report, StringComparison.Ordinal);
        Assert.Contains("<th>Training.Losses.dispersive.Temperature</th><td>0.5</td>", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_Continued_SameTermsAppendAndOthersAreRefused()
    {
        using TemporaryFolder folder = new();
        GMemOptions longer = Options(folder.Path, new DispersiveLoss());
        longer.Training.TotalSteps += 4;
        TinyModel.Train(Options(folder.Path, new DispersiveLoss())).Dispose();
        TinyModel.Train(longer).Dispose();
        string[] lines = File.ReadAllLines(folder.File("metrics.csv"));
        Assert.Equal(longer.Training.TotalSteps + 1, lines.Length);
        Assert.Single(lines, l => l.StartsWith("step,", StringComparison.Ordinal));

        Refused(new DispersiveLoss(temperature: 1), "Training.Losses.dispersive.Temperature was 0.5 and is 1");
        Refused(new DispersiveLoss(weight: 1), "Training.Losses.dispersive.Weight was 0.5 and is 1");
        Refused(new CosineLoss(), "Training.Losses was [velocity, dispersive] and is [velocity, cosine]");

        void Refused(LossTerm term, string message)
        {
            GMemOptions other = Options(folder.Path, term);
            other.Training.TotalSteps = longer.Training.TotalSteps;
            Assert.Contains(message, Assert.Throws<ArgumentException>(() => TinyModel.Train(other)).Message, StringComparison.Ordinal);
        }
    }

    private static GMemOptions Options(string? workspace, LossTerm term)
    {
        GMemOptions options = TinyModel.Options(steps: 30);
        options.WorkspacePath = workspace;
        options.Training.Losses = [new VelocityLoss(), term];
        options.Training.ValidationFraction = 0.25;
        options.Training.SampleEveryNStep = 0;
        return options;
    }
}

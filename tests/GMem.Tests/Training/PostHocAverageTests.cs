using GMem.FileFormats;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class PostHocAverageTests
{
    private const int Steps = 60;

    [Fact]
    public void WithAverage_AWidthThatWasKept_IsThatAverage()
    {
        using TemporaryFolder folder = new();
        using DisposeScope scope = torch.NewDisposeScope();
        using GMemModel model = Fit(folder.Path, [0.05, 0.1]);
        using GMemModel other = model.WithAverage(folder.Path, 0.1);
        ReferenceFolder.Close(Weights(other), Snapshot(folder, "0.1"), 1e-4, 0, "average of a kept width");
    }

    [Fact]
    public void WithAverage_AWidthBetween_IsNearTheOneKeptInAnotherRun()
    {
        using TemporaryFolder two = new();
        using TemporaryFolder direct = new();
        using DisposeScope scope = torch.NewDisposeScope();
        using GMemModel model = Fit(two.Path, [0.05, 0.1]);
        Fit(direct.Path, [0.07, 0.2]).Dispose();
        using GMemModel rebuilt = model.WithAverage(two.Path, 0.07);

        torch.Tensor expected = Snapshot(direct, "0.07");
        double error = (Weights(rebuilt) - expected).norm().item<float>();
        double apart = (Snapshot(two, "0.05") - Snapshot(two, "0.1")).norm().item<float>();
        Assert.True(error < 0.1 * apart, $"{error} against {apart} between the two that were kept");
    }

    [Fact]
    public void WithAverage_OriginalDisposedFirst_StaysUsable()
    {
        using TemporaryFolder folder = new();
        GMemModel model = Fit(folder.Path, [0.05, 0.1]);
        byte[] before;
        using (GMemModel other = model.WithAverage(folder.Path, 0.08))
        {
            before = TinyModel.Generate(other, new GenerationRequest(4))[0];
            model.Dispose();
            Assert.Equal(before, TinyModel.Generate(other, new GenerationRequest(4))[0]);
        }
    }

    [Fact]
    public void WithAverage_NothingLeftBehind()
    {
        using TemporaryFolder folder = new();
        Fit(folder.Path, [0.05, 0.1]).Dispose();
        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        GMemModel model = Fit(folder.Path, [0.05, 0.1]);
        GMemModel other = model.WithAverage(folder.Path, 0.08);
        model.Dispose();
        other.Dispose();
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void WithAverage_WrongWidthOrWorkspace_SaysWhatIsWrong()
    {
        using TemporaryFolder folder = new();
        using GMemModel model = TinyModel.Train();
        Assert.Contains("must be in (0, 0.28]", Assert.Throws<ArgumentOutOfRangeException>(
            () => model.WithAverage(folder.Path, 0.3)).Message, StringComparison.Ordinal);
        Assert.Contains("has no snapshots of averages up to step 6", Assert.Throws<InvalidDataException>(
            () => model.WithAverage(folder.Path, 0.1)).Message, StringComparison.Ordinal);
    }

    private static GMemModel Fit(string workspace, double[] widths)
    {
        GMemOptions options = TinyModel.Options(Steps);
        options.WorkspacePath = workspace;
        options.Training.PowerAverageWidths = widths;
        options.Training.AverageSnapshotEveryNStep = 6;
        options.Training.SampleEveryNStep = 0;
        options.Training.LogEveryNStep = Steps;
        return TinyModel.Train(options);
    }

    private static torch.Tensor Weights(GMemModel model) =>
        torch.cat([.. model.Core.Network.TrainableParameters().Select(p => p.Parameter.detach().reshape(-1))]);

    private static torch.Tensor Snapshot(TemporaryFolder folder, string width)
    {
        using SafetensorsFile file = SafetensorsFile.Open(folder.File($"averages/step-000000{Steps}.safetensors"));
        return file.Read(width);
    }
}

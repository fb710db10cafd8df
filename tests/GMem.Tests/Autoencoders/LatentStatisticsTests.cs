using GMem.Autoencoders;
using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class LatentStatisticsTests
{
    [Fact]
    public void Compute_InUnequalBatches_EqualsTheWholeAtOnce()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor latents = Latents();
        LatentStatistics statistics = LatentStatistics.Compute([latents.narrow(0, 0, 1), latents.narrow(0, 1, 5), latents.narrow(0, 6, 3)]);
        torch.Tensor mean = latents.to(torch.float64).mean([0, 2, 3]),
            deviation = latents.to(torch.float64).std([0, 2, 3], unbiased: false);
        ReferenceFolder.Close(torch.tensor([.. statistics.Mean]), mean, 1e-7, 1e-6, "mean");
        ReferenceFolder.Close(torch.tensor([.. statistics.StandardDeviation]), deviation, 1e-7, 1e-6, "deviation");
    }

    [Fact]
    public void Normalize_ThenDenormalize_GivesUnitLatentsAndThemBack()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor latents = Latents();
        LatentStatistics statistics = LatentStatistics.Compute([latents]);
        torch.Tensor normal = statistics.Normalize(latents);
        ReferenceFolder.Close(normal.mean([0, 2, 3]), torch.zeros(3), 1e-4, 0, "mean");
        ReferenceFolder.Close(normal.std([0, 2, 3], unbiased: false), torch.ones(3), 1e-4, 0, "deviation");
        ReferenceFolder.Close(statistics.Denormalize(normal), latents, 1e-4, 1e-6, "back");
    }

    [Fact]
    public void FromScale_OfStableDiffusion_Multiplies()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor latents = torch.ones(1, 4, 2, 2);
        ReferenceFolder.Close(LatentStatistics.FromScale(4, 0.18215).Normalize(latents), latents.Times(0.18215), 1e-7, 0, "scaled");
        Assert.Throws<ArgumentOutOfRangeException>(() => LatentStatistics.FromScale(4, 0));
    }

    [Fact]
    public void Read_FileOfMeanAndStd_TakesAnyShapeAndNamesWhatIsAbsent()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("stats.safetensors");
        SafetensorsWriter.Write(path,
            new Dictionary<string, torch.Tensor> { ["mean"] = torch.ones(1, 2, 1, 1), ["std"] = TensorNumbers.Full([1, 2, 1, 1], 3) });
        LatentStatistics statistics = LatentStatistics.Read(path);
        Assert.Equal([1f, 1f], statistics.Mean);
        Assert.Equal([3f, 3f], statistics.StandardDeviation);
        SafetensorsWriter.Write(path, new Dictionary<string, torch.Tensor> { ["mean"] = torch.ones(2) });
        Assert.Equal($"'{path}' holds no latent statistics: it lacks std.", Assert.Throws<InvalidDataException>(
            () => LatentStatistics.Read(path)).Message);
    }

    [Fact]
    public void Compute_UnusableLatents_AreRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Contains("got none", Assert.Throws<ArgumentException>(() => LatentStatistics.Compute([])).Message, StringComparison.Ordinal);
        Assert.Contains(
            "(2 so far); got [1, 3, 1, 1]",
            Assert.Throws<ArgumentException>(() => LatentStatistics.Compute([torch.randn(2, 2, 1, 1), torch.zeros(1, 3, 1, 1)])).Message,
            StringComparison.Ordinal);
        ArgumentException constant = Assert.Throws<ArgumentException>(() => LatentStatistics.Compute([torch.zeros(2, 1, 2, 2)]));
        Assert.StartsWith("Latents cannot be normalised by these statistics: channel 0 (mean 0, deviation 0)",
            constant.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new LatentStatistics([1], [1, 2]));
        Assert.Contains("[B, 1, h, w]", Assert.Throws<ArgumentException>(
            () => new LatentStatistics([1], [2]).Normalize(torch.zeros(1, 2, 1, 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_ManyBatches_LeavesNoTensor()
    {
        using torch.Tensor latents = Latents();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        LatentStatistics statistics = LatentStatistics.Compute(Enumerable.Repeat(latents, 3));
        statistics.Normalize(latents).Dispose();
        statistics.Denormalize(latents).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>Three channels; the second far from 0, where sums of squares would lose the deviation.</summary>
    private static torch.Tensor Latents()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(11, torch.CPU);
        torch.Tensor offset = torch.tensor([0f, 1000f, -2f]).reshape(1, 3, 1, 1), scale = torch.tensor([1f, 0.5f, 20f]).reshape(1, 3, 1, 1);
        return (torch.randn([9, 3, 4, 5], generator: generator) * scale).Plus(offset).MoveToOuterDisposeScope();
    }
}

using GMem.Backbone;
using GMem.Runtime;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class MemoryBudgetTests
{
    private const long Gigabyte = 1_000_000_000;

    [Fact]
    public void Check_Fits_Passes() => MemoryBudget.Check(Small(), new TrainingOptions { BatchSize = 64 }, torch.CPU, free: 20 * Gigabyte);

    [Fact]
    public void Check_BatchTooLarge_NamesTheMicroBatchThatFits()
    {
        InsufficientMemoryException error = Assert.Throws<InsufficientMemoryException>(
            () => MemoryBudget.Check(Small(), new TrainingOptions { BatchSize = 64 }, torch.CPU, free: 3 * Gigabyte));
        Assert.Equal(
            "Training would take about 11.5 GB on cpu (weights, gradients, moments and averages 0.8 GB, activations of 64 images 10.1 "
            + "GB, a copy of the state 0.5 GB), and 3.0 GB are free. "
            + "It would fit, in about 2.6 GB, with Training.MicroBatchSize = 8.",
            error.Message);
        MemoryBudget.Check(Small(), new TrainingOptions { BatchSize = 64, MicroBatchSize = 8 }, torch.CPU, free: 3 * Gigabyte);
    }

    [Theory]
    [InlineData(16384, 2, 192, 6, 6, 64)]
    [InlineData(16384, 1, 65536, 1024, 65536, 1 << 20)]
    [InlineData(4096, 1, 1024, 1, 1024, 1 << 20)]
    public void Of_EndsOfTheRanges_DoesNotOverflow(int side, int patch, int width, int depth, int heads, int batch)
    {
        SiTOptions network = new()
        {
            InputSize = side,
            InputChannels = 3,
            PatchSize = patch,
            HiddenSize = width,
            Depth = depth,
            HeadCount = heads,
        };
        MemoryEstimate estimate = MemoryEstimate.Of(
            network, new TrainingOptions { BatchSize = batch }, torch.CPU, (1L << 47, 1L << 47));
        Assert.True(estimate is { Weights: > 0, Activations: > 1L << 50, Copy: > 0 } && estimate.On(isCpu: true) > 1L << 50);
    }

    [Fact]
    public void Check_OneImageTooLarge_NamesCheckpointing()
    {
        SiTOptions network = Small();
        network = network with { PatchSize = 1 };
        string message = Assert.Throws<InsufficientMemoryException>(
            () => MemoryBudget.Check(network, new TrainingOptions { BatchSize = 1 }, torch.CPU, free: 2 * Gigabyte)).Message;
        Assert.EndsWith("with Network.ActivationCheckpointing = true.", message, StringComparison.Ordinal);
        network = network with { ActivationCheckpointing = true };
        MemoryBudget.Check(network, new TrainingOptions { BatchSize = 1 }, torch.CPU, free: 2 * Gigabyte);
    }

    [Fact]
    public void Check_WeightsTooLarge_SaysSo()
    {
        SiTOptions network = SiTOptions.FromPreset(SiTPreset.XL, patchSize: 2);
        string message = Assert.Throws<InsufficientMemoryException>(
            () => MemoryBudget.Check(network, new TrainingOptions(), torch.CPU, free: 8 * Gigabyte)).Message;
        Assert.EndsWith("choose a smaller network (Network.HiddenSize, Network.Depth), or a device with more memory.",
            message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_BFloat16_TakesLessForActivations()
    {
        MemoryEstimate full = MemoryEstimate.Of(Small(), new TrainingOptions(), torch.CPU);
        MemoryEstimate mixed = MemoryEstimate.Of(Small(), new TrainingOptions { Precision = Precision.BFloat16Mixed }, torch.CPU);
        Assert.InRange((double)mixed.Activations / full.Activations, 0.5, 0.75);
    }

    [Fact]
    public void On_ThisMachine_IsAPositiveNumber() => Assert.InRange(FreeMemory.On(torch.CPU)!.Value, 1, 1L << 50);

    private static SiTOptions Small()
    {
        SiTOptions network = SiTOptions.FromPreset(SiTPreset.S, patchSize: 2);
        network = network with { InputChannels = 3 };
        return network;
    }
}

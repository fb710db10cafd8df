using GMem.Backbone;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

public sealed class BatchGradientTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Accumulate_MicroBatches_SameLossAndGradientUpToRounding(int micro)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (LossTerms wholeLoss, torch.Tensor whole) = Gradient(new TrainingOptions { CosineLossWeight = 0.5 });
        (LossTerms loss, torch.Tensor parts) = Gradient(new TrainingOptions { CosineLossWeight = 0.5, MicroBatchSize = micro });
        Assert.False(whole.equal(parts).all().item<bool>() && micro < 4, "the micro-batches were not used");
        ReferenceFolder.Close(parts, whole, 1e-6, 1e-4, "gradient");
        ReferenceFolder.Close(loss.Total, wholeLoss.Total, 0, 1e-6, "loss");
        ReferenceFolder.Close(loss.Cosine!, wholeLoss.Cosine!, 0, 1e-6, "cosine loss");
        Assert.False(loss.Total.requires_grad);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Accumulate_BFloat16Mixed_NearFloat32WithFloat32Gradients(bool checkpointing, bool lightning)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (LossTerms exactLoss, torch.Tensor exact) = Gradient(new TrainingOptions(), checkpointing: false, lightning);
        (LossTerms loss, torch.Tensor mixed) = Gradient(new TrainingOptions { Precision = Precision.BFloat16Mixed }, checkpointing, lightning);
        Assert.Equal(torch.float32, mixed.dtype);
        Assert.Equal(torch.float32, loss.Total.dtype);
        Assert.False(exact.equal(mixed).all().item<bool>(), "bfloat16 was not used");

        // bfloat16 keeps 8 bits: products are off by some 2^-9 each.
        ReferenceFolder.Close(loss.Total, exactLoss.Total, 0, 5e-3, "loss");
        double error = (mixed - exact).norm().item<float>() / exact.norm().item<float>();
        Assert.True(error < 0.03, $"gradient off by {error:p1}");
        Assert.False(Autocast.IsOn(torch.CPU), "it stayed on");
    }

    [Fact]
    public void Accumulate_BFloat16MixedCheckpointed_SameGradientAsKept()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (_, torch.Tensor kept) = Gradient(new TrainingOptions { Precision = Precision.BFloat16Mixed });
        (_, torch.Tensor recomputed) = Gradient(new TrainingOptions { Precision = Precision.BFloat16Mixed }, checkpointing: true);
        ReferenceFolder.Close(recomputed, kept, 1e-6, 1e-3, "gradient");
    }

    /// <summary>Of a batch of four, in a network whose gates are not zero, so that every block matters.</summary>
    private static (LossTerms Loss, torch.Tensor Gradient) Gradient(TrainingOptions options, bool checkpointing = false, bool lightning = false)
    {
        using torch.Generator generator = new(4);
        SiTOptions network = new() { InputSize = 8, InputChannels = 3, PatchSize = 2, HiddenSize = 32, Depth = 2, HeadCount = 2, SnippetSize = 6, ActivationCheckpointing = checkpointing };
        if (lightning)
        {
            _ = network.UseLightningBlocks();
            network.UseQkNorm = true;
        }

        using SiT sit = new(network, generator);
        using IDisposable noGrad = torch.no_grad();
        foreach ((_, TorchSharp.Modules.Parameter parameter) in sit.TrainableParameters())
        {
            _ = parameter.PlusInPlace(torch.randn(parameter.shape, generator: generator).TimesInPlace(0.05));
        }

        using FlatParameters parameters = new(sit.TrainableParameters());
        long[] shape = [4, 3, 8, 8];
        StepDraws draws = new(
            torch.randn(shape, generator: generator), torch.randn(shape, generator: generator), torch.rand(4, generator: generator), torch.randn([4, 6], generator: generator), null);
        using (torch.enable_grad())
        {
            LossTerms loss = new BatchGradient(sit, new TrainingLoss(options.CreateTransport(), options), options, torch.CPU).Accumulate(draws, clock: null);
            return (loss, parameters.Gradients.clone());
        }
    }
}

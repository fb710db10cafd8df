using GMem.Backbone;
using GMem.Distributed;
using GMem.Runtime;
using GMem.Tests.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

[Collection(nameof(OperatorThreads))]
public sealed class BatchGradientTests
{
    private static readonly IReadOnlyList<LossTerm> WithCosine = [new VelocityLoss(), new CosineLoss(0.5)];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Accumulate_MicroBatches_SameLossAndGradientUpToRounding(int micro)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor wholeLoss, torch.Tensor whole) = Gradient(new TrainingOptions { Losses = WithCosine });
        (torch.Tensor loss, torch.Tensor parts) = Gradient(new TrainingOptions { Losses = WithCosine, MicroBatchSize = micro });
        Assert.False(whole.equal(parts).all().item<bool>() && micro < 4, "the micro-batches were not used");
        ReferenceFolder.Close(parts, whole, 1e-6, 1e-4, "gradient");
        ReferenceFolder.Close(loss[0], wholeLoss[0], 0, 1e-6, "loss");
        ReferenceFolder.Close(loss[2], wholeLoss[2], 0, 1e-6, "cosine loss");
        Assert.False(loss.requires_grad);
    }

    [Theory]
    [InlineData(2, null, false)]
    [InlineData(4, null, false)]
    [InlineData(2, 2, false)]
    [InlineData(2, null, true)]
    public void Accumulate_OnSeveralThreads_SameLossAndGradientUpToRounding(int threads, int? micro, bool checkpointing)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor wholeLoss, torch.Tensor whole) = Gradient(new TrainingOptions { Losses = WithCosine });
        TrainingOptions options = new() { Losses = WithCosine, MicroBatchSize = micro, BatchSize = 4 };
        OperatorThreads.Run(threads, () =>
        {
            Assert.Equal(threads, ShardPlan.Default(options, torch.CPU, threads));
            (torch.Tensor loss, torch.Tensor parts) = Gradient(options, checkpointing);
            Assert.False(whole.equal(parts).all().item<bool>(), "the threads were not used");
            ReferenceFolder.Close(parts, whole, 1e-6, 1e-4, "gradient");
            ReferenceFolder.Close(loss[0], wholeLoss[0], 0, 1e-6, "loss");
            ReferenceFolder.Close(loss[2], wholeLoss[2], 0, 1e-6, "cosine loss");
            Assert.Equal(3, loss.shape[0]);

            // The same threads, the same bits.
            Assert.True(parts.equal(Gradient(options, checkpointing).Gradient).all().item<bool>());
        });
    }

    [Theory]
    [InlineData(1, 8, null, 1)]
    [InlineData(2, 1, null, 1)]
    [InlineData(2, 2, null, 2)]
    [InlineData(2, 3, null, 1)]
    [InlineData(2, 9, null, 2)]
    [InlineData(2, 64, 1, 1)]
    [InlineData(4, 6, null, 2)]
    [InlineData(3, 64, null, 2)]
    [InlineData(16, 64, null, 4)]
    public void Default_OfThreadsAndImages_AsManyShardsAsHaveEnoughToDo(int threads, int batch, int? micro, int shards)
    {
        TrainingOptions options = new() { BatchSize = batch, MicroBatchSize = micro };
        Assert.Equal(shards, ShardPlan.Default(options, torch.CPU, threads));
        Assert.Equal(1, ShardPlan.Default(options, torch.META, threads));
    }

    [Theory]
    [InlineData(16, 8, 16)]
    [InlineData(128, 8, 32)]
    [InlineData(8, 2, 8)]
    [InlineData(2, 4, 4)]
    [InlineData(3, 3, 4)]
    public void Default_OfRanks_AtLeastOneForEach(int threads, int ranks, int shards) =>
        Assert.Equal(shards, ShardPlan.Default(new TrainingOptions { BatchSize = 64 }, torch.CPU, threads, ranks));

    /// <summary>Whoever computes a shard, and beside how many others.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    public void Accumulate_TheSameShardsOnMoreThreads_SameBits(int? micro)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        TrainingOptions options = new()
        {
            Losses = WithCosine,
            BatchSize = 4,
            MicroBatchSize = micro,
            Shards = 4,
            ThreadsPerShard = 1,
        };
        (torch.Tensor firstLoss, torch.Tensor first) = Gradient(options);
        foreach (int threads in new[] { 2, 4 })
        {
            OperatorThreads.Run(threads, () =>
            {
                (torch.Tensor loss, torch.Tensor gradient) = Gradient(options);
                Assert.True(first.equal(gradient).all().item<bool>());
                Assert.True(firstLoss.equal(loss).all().item<bool>());
            });
        }

        (_, torch.Tensor whole) = Gradient(new TrainingOptions { Losses = WithCosine, BatchSize = 4, MicroBatchSize = micro, Shards = 1 });
        Assert.False(first.equal(whole).all().item<bool>(), "the shards were not used");
        ReferenceFolder.Close(first, whole, 1e-6, 1e-4, "gradient");
    }

    [Fact]
    public void Of_MoreShardsThanImages_IsRefused() => Assert.Contains(
        "Shards is 8, but a batch has 4 images",
        Assert.Throws<ArgumentException>(
            () => ShardPlan.Of(new TrainingOptions { BatchSize = 4, Shards = 8 }, torch.CPU, RankGroup.Alone)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Pass_FailsOnOneThread_ThrowsThatAndGoesOn() => OperatorThreads.Run(2, () =>
    {
        using SiT sit = new(new SiTOptions
        {
            InputSize = 8,
            InputChannels = 3,
            HiddenSize = 32,
            Depth = 1,
            HeadCount = 2,
            Conditions = [new SnippetCondition { Size = 6 }],
        });
        using FlatParameters parameters = new(sit.TrainableParameters());
        using GradientTeam team = new(sit, parameters, new ShardPlan(Shards: 2, ThreadsPerShard: 1, Ranks: 1, Rank: 0));
        using DisposeScope scope = torch.NewDisposeScope();
        StepDraws draws = new(torch.zeros(2, 1), torch.zeros(2, 1), torch.zeros(2), [], null);
        torch.Tensor Half(SiT network, StepDraws some, double share, bool counts) => torch.tensor([(float)share, network == sit ? 1 : 2]);
        Assert.Throws<IOException>(() => team.Accumulate(
            draws, 2, 2, (network, some, share, counts) => counts ? Half(network, some, share, counts) : throw new IOException("no")));
        float[] parts = team.Accumulate(draws, 2, 2, Half);
        Assert.Equal([0.5f, 1f, 0.5f, 2f], parts);
        Assert.Equal([1f, 3f], new LossParts(parts, 2, 2, null).Sum(parts).data<float>().ToArray());
    });

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Accumulate_BFloat16Mixed_NearFloat32WithFloat32Gradients(bool checkpointing, bool lightning)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor exactLoss, torch.Tensor exact) = Gradient(new TrainingOptions(), checkpointing: false, lightning);
        (torch.Tensor loss, torch.Tensor mixed) = Gradient(
            new TrainingOptions { Precision = Precision.BFloat16Mixed }, checkpointing, lightning);
        Assert.Equal(torch.float32, mixed.dtype);
        Assert.Equal(torch.float32, loss.dtype);
        Assert.False(exact.equal(mixed).all().item<bool>(), "bfloat16 was not used");

        // bfloat16 keeps 8 bits: products are off by some 2^-9 each.
        ReferenceFolder.Close(loss[0], exactLoss[0], 0, 5e-3, "loss");
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
    private static (torch.Tensor Loss, torch.Tensor Gradient) Gradient(
        TrainingOptions options, bool checkpointing = false, bool lightning = false)
    {
        using torch.Generator generator = new(4);
        SiTOptions network = new()
        {
            InputSize = 8,
            InputChannels = 3,
            PatchSize = 2,
            HiddenSize = 32,
            Depth = 2,
            HeadCount = 2,
            Conditions = [new SnippetCondition { Size = 6 }],
            ActivationCheckpointing = checkpointing,
        };
        if (lightning)
        {
            network = network.WithLightningBlocks();
            network = network with { UseQkNorm = true };
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
            torch.randn(shape, generator: generator),
            torch.randn(shape, generator: generator), torch.rand(4, generator: generator), [torch.randn([4, 6], generator: generator)],
            network.ProjectionSize > 0 ? torch.randn([4, 16, network.ProjectionSize], generator: generator) : null);
        using (torch.enable_grad())
        {
            ShardPlan plan = options.BatchSize == draws.Count
                ? ShardPlan.Of(options, torch.CPU, RankGroup.Alone)
                : new ShardPlan(1, torch.get_num_threads(), 1, 0);
            using GradientTeam team = new(sit, parameters, plan);
            TrainingLoss loss = new(options.CreateTransport(), options.TermsFor(network, hasTokens: false));
            LossParts parts = new BatchGradient(sit, loss, options, torch.CPU, plan, team).Accumulate(draws, clock: null);
            return (parts.Sum(parts.Numbers), parameters.Gradients.clone());
        }
    }
}

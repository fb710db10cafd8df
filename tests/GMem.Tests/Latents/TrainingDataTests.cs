using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders.DinoV2;
using GMem.Latents;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Latents;

public sealed class TrainingDataTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Batch_OneFlipDecision_CoversLatentSnippetAndTokens(bool inFiles)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder workspace = new();
        using TrainingImages images = TinyModel.Images(6);
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        using DinoV2Encoder encoder = TinyEncoders.DinoV2();
        using EncodedRows rows = LatentCache.Encode(images.Rows, new ImageEncoding(
            autoencoder, encoder, (2, 2), mirror: true), inFiles ? workspace.Path : null, null, CancellationToken.None);
        TrainingSet set = new(new LatentData(RowPair.Find(rows, "latents")!, null, null, seed: 1), torch.CPU)
        {
            Conditions = [new SnippetCondition()],
            ConditionData = ConditionSource.Of(
                Bank(rows, "snippets"), Bank(rows, "snippets_flip"), null, null, new Dictionary<string, torch.Tensor>()),
            Tokens = RowPair.Find(rows, "tokens"),
        };

        TrainingBatch batch = set.Batch([4, 0, 4, 2], [true, false, false, true]);

        torch.Tensor pixels = torch.stack([images.Pixels[4].flip(2), images.Pixels[0], images.Pixels[4], images.Pixels[2].flip(2)]);
        Assert.True(set.CanMirror);
        ReferenceFolder.Close(batch.Data, autoencoder.Encode(pixels), 1e-5, 0, "latents");
        ReferenceFolder.Close(batch.Conditions[0], encoder.Encode(pixels), 1e-5, 0, "snippets");
        (_, torch.Tensor fine) = encoder.EncodeWithPatches(pixels);
        torch.Tensor corner = fine.reshape(4, 16, 16, -1).narrow(1, 0, 8).narrow(2, 0, 8).mean([1, 2]);
        ReferenceFolder.Close(batch.Tokens![.., 0], corner, 2e-3, 1e-3, "tokens");
    }

    [Fact]
    public void Batch_OfADistribution_IsDrawnAnewEachStepAndReplayable()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor means = TensorNumbers.Range(0, 12, torch.float32).reshape(3, 1, 2, 2);
        torch.Tensor deviations = TensorNumbers.Full([3, 1, 2, 2], 0.5).to(torch.float16);
        LatentStatistics statistics = new([5], [2]);
        LatentData data = new(Pair(means), Pair(deviations), statistics, seed: 4);
        long[] indices = [.. Enumerable.Repeat(2L, 4000)];

        torch.Tensor first = data.Batch(indices, new bool[4000], step: 7, torch.CPU);

        Assert.True(first.equal(data.Batch(indices, new bool[4000], step: 7, torch.CPU)).all().item<bool>());
        Assert.False(first.equal(data.Batch(indices, new bool[4000], step: 8, torch.CPU)).all().item<bool>());
        ReferenceFolder.Close(first.mean([0]), means[2].Plus(-5).DividedBy(2), 0.02, 0, "mean of draws");
        ReferenceFolder.Close(first.std([0]), means[2].Filled(0.25), 0.02, 0, "deviation of draws");
    }

    [Fact]
    public void Compute_StatisticsOfDraws_HaveBothVariances()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(6);
        torch.Tensor means = torch.randn([1500, 2, 2, 2], generator: generator).Times(3).Plus(1);
        torch.Tensor deviations = means.Filled(4).to(torch.float16);

        LatentStatistics statistics = LatentStatisticsPass.Compute(Pair(means).Plain, Pair(deviations).Plain, CancellationToken.None);

        Assert.All(statistics.StandardDeviation, s => Assert.Equal(5, s, 0.15));
        Assert.All(statistics.Mean, m => Assert.Equal(1, m, 0.15));
    }

    private static RowPair Pair(torch.Tensor tensor) => new(new GMem.FileFormats.TensorRows(tensor), null);

    private static MemoryBank Bank(EncodedRows rows, string name) => MemoryBank.FromRows(rows[name].Range(0, rows[name].Count));
}

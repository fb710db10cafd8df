using GMem.Backbone;
using GMem.Tests.Runtime;
using TorchSharp;

namespace GMem.Tests.Backbone;

/// <summary>
/// In evaluation a row's output has the same bits whatever the batch is: alone, and at both ends of batches of every size.
/// </summary>
[Collection(nameof(OperatorThreads))]
public sealed class SiTBatchIndependenceTests
{
    private const int Rows = 17;

    [Theory]
    [InlineData(48, 4, 1)]
    [InlineData(96, 3, 2)]
    [InlineData(192, 4, 4)]
    [InlineData(384, 6, 2)]
    [InlineData(64, 4, 3)]
    [InlineData(36, 3, 5)]
    [InlineData(96, 3, 8)]
    public void Forward_AnyBatch_GivesEachRowTheSameBits(int hidden, int heads, int grid)
    {
        foreach (bool lightning in new[] { false, true })
        {
            SiTOptions options = SmallSiT.Options(lightning, hidden, grid);
            options = options with { HeadCount = heads };
            using SiT network = SmallSiT.Build(options);
            OperatorThreads.Run(1, () => CheckBatches(network, Enumerable.Range(2, Rows - 1)));
            OperatorThreads.Run(2, () => CheckBatches(network, Enumerable.Range(2, Rows - 1)));
        }
    }

    /// <summary>Generation shares a batch among threads with fewer cores each, and gives an image alone all of them.</summary>
    [Theory]
    [InlineData(48, 4, 1)]
    [InlineData(96, 3, 2)]
    [InlineData(192, 6, 8)]
    [InlineData(128, 4, 8)]
    [InlineData(384, 6, 8)]
    [InlineData(64, 4, 3)]
    public void Forward_OnOneThreadOrSeveral_GivesTheSameBits(int hidden, int heads, int grid)
    {
        foreach (bool lightning in new[] { false, true })
        {
            SiTOptions options = SmallSiT.Options(lightning, hidden, grid);
            options = options with { HeadCount = heads };
            Assert.True(GenerationTeam.KeepsBits(options));
            using SiT network = SmallSiT.Build(options);
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable noGradients = torch.no_grad();
            (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(options, 8);
            List<torch.Tensor> outputs = [];
            foreach (int threads in new[] { 1, 2, 3, 4 })
            {
                foreach (int rows in new[] { 1, 2, 4, 8 })
                {
                    OperatorThreads.Run(threads, () => outputs.Add(torch.cat([.. Enumerable.Range(0, 8 / rows).Select(i =>
                        network.forward(x.narrow(0, i * rows, rows), t.narrow(0, i * rows, rows), c!.narrow(0, i * rows, rows)))], 0)));
                }
            }

            Assert.All(outputs, o => Assert.True(o.equal(outputs[0]).all().item<bool>()));
        }
    }

    [Fact]
    public void Forward_ATokenOfAnImageOf256_IsTheSameInABatch()
    {
        SiTOptions options = SmallSiT.Options(hidden: 192, grid: 16);
        using SiT network = SmallSiT.Build(options);
        CheckBatches(network, [2, 5]);
    }

    private static void CheckBatches(SiT network, IEnumerable<int> sizes)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradients = torch.no_grad();
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(network.Options, Rows);
        torch.Tensor Part(int start, int count) =>
            network.forward(x.narrow(0, start, count), t.narrow(0, start, count), c!.narrow(0, start, count));
        torch.Tensor alone = torch.cat([.. Enumerable.Range(0, Rows).Select(row => Part(row, 1))], 0);
        foreach (int size in sizes)
        {
            foreach (int start in new[] { 0, Rows - size })
            {
                Assert.True(Part(start, size).equal(alone.narrow(0, start, size)).all().item<bool>(), $"{size} rows from row {start}");
            }
        }
    }
}

using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class MemoryBankLowRankTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void ToLowRank_FullRank_LosesNothing()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 50, width: 8);
        LowRankCompression compressed = bank.ToLowRank(8, Token);
        Assert.Equal("LowRank", compressed.Bank.Storage.Kind);
        Assert.Equal(8, compressed.Bank.Rank);
        Assert.Equal(1, compressed.CapturedVariance, 1e-6);
        Assert.Equal(1, compressed.MeanCosine, 1e-6);
        Assert.Equal(bank.Entries, compressed.Bank.Entries);
        Assert.True((compressed.Bank.All() - bank.All()).abs().max().item<float>() < 2e-6);
    }

    [Fact]
    public void ToLowRank_Report_IsWhatCanBeMeasured()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 3000, width: 16).Merge(TestBank.Create(rows: 50, width: 16, seed: 2))
            .RemoveWhere(e => e.Id.Value % 3 == 0);
        torch.Tensor rows = bank.All().to(torch.float64);
        torch.Tensor centred = rows - rows.mean([0], keepdim: true);
        torch.Tensor singular = torch.linalg.svdvals(centred).Squared();
        foreach (int rank in new[] { 1, 5, 12 })
        {
            LowRankCompression compressed = bank.ToLowRank(rank, Token);
            double captured = (singular.narrow(0, 0, rank).sum() / singular.sum()).item<double>();
            double cosine = (compressed.Bank.All().to(torch.float64) * rows).sum(1).mean().item<double>();
            Assert.Equal(captured, compressed.CapturedVariance, 1e-6);
            Assert.Equal(cosine, compressed.MeanCosine, 1e-5);
            Assert.True(compressed.Bank.All().norm(1).Plus(-1).abs().max().item<float>() < 1e-6);
        }
    }

    [Fact]
    public void ToLowRank_Twice_GivesTheSameBits()
    {
        MemoryBank bank = TestBank.Create(rows: 100);
        Assert.True(bank.ToLowRank(3, Token).Bank.ContentEquals(bank.ToLowRank(3, Token).Bank));
    }

    [Fact]
    public void ToLowRank_OneEntryOrCopies_IsExact()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (int rows in new[] { 1, 4 })
        {
            LowRankCompression compressed = MemoryBank.FromRows(torch.ones(rows, 6)).ToLowRank(2, Token);
            Assert.Equal(1, compressed.CapturedVariance, 1e-9);
            Assert.Equal(1, compressed.MeanCosine, 1e-6);
        }
    }

    [Fact]
    public void ToLowRank_EntriesOfWhichNothingIsLeft_AreNamed()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[,] rows = { { 1, 0, 0 }, { -1, 0, 0 }, { 1, 0, 0 }, { -1, 0, 0 }, { 0, 1, 0 }, { 0, -1, 0 } };
        MemoryBank bank = MemoryBank.FromRows(torch.tensor(rows));
        Assert.Contains("ids 4, 5", Assert.Throws<ArgumentException>(() => bank.ToLowRank(1, Token)).Message);
        MemoryBank low = bank.ToLowRank(2, Token).Bank;
        Assert.Contains("ids 6", Assert.Throws<ArgumentException>(() => low.Add(torch.tensor(new float[] { 0, 0, 1 }))).Message);
        Assert.Contains(
            "from 1 to the dimension of the snippets, 3",
            Assert.Throws<ArgumentOutOfRangeException>(() => bank.ToLowRank(4, Token)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => bank.ToLowRank(0, Token));
        Assert.Throws<OperationCanceledException>(() => bank.ToLowRank(2, new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    [InlineData("LowRank")]
    public void Rows_InAnyBatch_AreTheSameBits(string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 200, width: 96, TestBank.Dense(kind));
        bank = bank.LowRankIf(kind, rank: 40);
        torch.Tensor all = bank.All();
        foreach (int batch in new[] { 1, 2, 3, 5, 63, 64, 65, 130 })
        {
            long[] indices = [.. Enumerable.Range(0, batch).Select(i => (long)(i * 37 % 200))];
            Assert.True(bank.Rows(indices).equal(all.index_select(0, torch.tensor(indices))).all().item<bool>(), $"batch of {batch}");
        }
    }

    [Fact]
    public void Nearest_RowsOfWhichLittleIsLeft_HaveExactCosines()
    {
        using DisposeScope scope = torch.NewDisposeScope();

        // Two thousandths of the row lie in the basis, the rest is cut off; a mean that is almost cancelled.
        torch.Tensor rows = torch.cat([TestBank.Gaussian(400, 3), TestBank.Gaussian(400, 3, seed: 2).Times(1e-2)], dim: 1);
        torch.Tensor few = torch.tensor(new float[,] { { 2e-3f, 0, 0, 0, 0, 1 }, { 0, 2e-3f, 0, 0, 1, 0 } });
        MemoryBank bank = MemoryBank.FromRows(torch.cat([rows, few])).ToLowRank(3, Token).Bank;
        torch.Tensor query = Snippets.Normalize(TestBank.Gaussian(1, 6, seed: 3));
        torch.Tensor expected = bank.All().matmul(query[0]);
        foreach (MemoryNeighbor neighbor in bank.Nearest(query, (int)bank.Count)[0])
        {
            Assert.Equal(expected[neighbor.Index].item<float>(), neighbor.Cosine, 2e-5);
        }
    }

    [Fact]
    public void ToStorage_DenseFromLowRank_KeepsTheApproximations()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank low = TestBank.Create(rows: 40).ToLowRank(3, Token).Bank.Remove(new EntryId(7));
        MemoryBank dense = low.ToStorage(SnippetStorage.Float32);
        Assert.Equal(low.Entries, dense.Entries);
        Assert.True(dense.All().equal(low.All()).all().item<bool>());
        Assert.Same(dense, dense.ToStorage(SnippetStorage.Float32));
        Assert.True((dense.ToStorage(SnippetStorage.Float16).All() - low.All()).abs().max().item<float>() < 1e-3);
        Assert.Contains(
            "of 8 components, not 9",
            Assert.Throws<ArgumentException>(() => TestBank.Create(width: 9).ToStorage(low.Storage)).Message);
    }

    [Fact]
    public void InterpolateCoefficients_Linear_IsTheBlendOfWhatIsStored()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank low = TestBank.Create(rows: 40).ToLowRank(3, Token).Bank;
        foreach (SnippetInterpolation method in Enum.GetValues<SnippetInterpolation>())
        {
            torch.Tensor blend = low.InterpolateCoefficients(4, 9, 0.3, method, seed: 2);
            Assert.Equal(1, blend.norm().item<float>(), 1e-6);
        }

        Assert.True((low.InterpolateCoefficients(4, 9, 0) - low.Rows([4])[0]).abs().max().item<float>() < 1e-6);
        Assert.True((low.InterpolateCoefficients(4, 9, 1) - low.Rows([9])[0]).abs().max().item<float>() < 1e-6);
        torch.Tensor same = low.InterpolateCoefficients(4, 4, 0.6, SnippetInterpolation.Spherical);
        Assert.True((same - low.Rows([4])[0]).abs().max().item<float>() < 1e-6);
        Assert.Throws<ArgumentOutOfRangeException>(() => low.InterpolateCoefficients(4, 40, 0.5));
        Assert.Contains(
            "has no coefficients",
            Assert.Throws<InvalidOperationException>(() => TestBank.Create().InterpolateCoefficients(0, 1, 0.5)).Message);
    }
}

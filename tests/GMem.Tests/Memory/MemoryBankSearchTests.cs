using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class MemoryBankSearchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    [InlineData("LowRank")]
    public void Nearest_AgainstAllCosines_IsExact(string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();

        // Several segments, one of them with holes.
        MemoryBank dense = TestBank.Create(rows: 3000, width: 12, TestBank.Dense(kind))
            .Merge(TestBank.Create(rows: 2000, width: 12, seed: 2)).RemoveWhere(e => e.Id.Value % 7 == 3);
        MemoryBank bank = dense.LowRankIf(kind, rank: 5);
        torch.Tensor queries = TestBank.Gaussian(6, 12, seed: 3).Times(5);
        torch.Tensor cosines = (queries / queries.norm(1).unsqueeze(1)).matmul(bank.All().t());
        (torch.Tensor values, torch.Tensor indices) = cosines.topk(10, 1);
        MemoryNeighbor[][] found = bank.Nearest(queries, 10, Token);
        Assert.Equal(6, found.Length);
        for (int q = 0; q < found.Length; q++)
        {
            for (int k = 0; k < 10; k++)
            {
                MemoryNeighbor neighbor = found[q][k];
                Assert.Equal(indices[q, k].item<long>(), neighbor.Index);
                Assert.Equal(values[q, k].item<float>(), neighbor.Cosine, 2e-6);
                Assert.Equal(bank.Entry(neighbor.Index), new MemoryEntry(neighbor.Index, neighbor.Id, neighbor.Label, neighbor.Source));
            }
        }
    }

    [Fact]
    public void Nearest_EquallyNear_TheLowerIndexComesFirst()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = MemoryBank.FromRows(torch.ones(4000, 3));
        Assert.Equal([0, 1, 2, 3, 4], bank.Nearest(torch.tensor(new float[] { 2, 2, 2 }), 5, Token)[0].Select(n => n.Index));
    }

    [Fact]
    public void Nearest_AllOfThem_AreSorted()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 500);
        MemoryNeighbor[] all = bank.Nearest(TestBank.Gaussian(1, 8, seed: 5)[0], 500, Token)[0];
        Assert.Equal(all.OrderByDescending(n => n.Cosine).Select(n => n.Index), all.Select(n => n.Index));
        Assert.Equal(500, all.DistinctBy(n => n.Index).Count());
    }

    [Fact]
    public void Nearest_WrongInput_IsRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 20, width: 8);
        torch.Tensor oneZero = torch.cat([torch.ones(1, 8), torch.zeros(1, 8)]);
        Assert.Contains(
            "Between 1 and 20",
            Assert.Throws<ArgumentOutOfRangeException>(() => bank.Nearest(torch.ones(8), 21, Token)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => bank.Nearest(torch.ones(8), 0, Token));
        Assert.Contains(
            "have 7 components, those of this memory bank have 8",
            Assert.Throws<ArgumentException>(() => bank.Nearest(torch.ones(2, 7), 1, Token)).Message);
        Assert.Contains(
            "Snippets 1 are not finite",
            Assert.Throws<ArgumentException>(() => bank.Nearest(oneZero, 1, Token)).Message);
        Assert.Throws<OperationCanceledException>(() => bank.Nearest(torch.ones(8), 1, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Nearest_InsideNoScope_LeaksNothing()
    {
        MemoryBank bank = TestBank.Create(storage: SnippetStorage.Float16).ToLowRank(3, Token).Bank;
        using torch.Tensor query = torch.ones(8);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        bank.Nearest(query, 3, Token);
        bank.KeepSpread(5, seed: 1, Token);
        bank.KeepRandom(5, seed: 1);
        bank.ToStorage(SnippetStorage.Float32).ToLowRank(2, Token);
        bank.Interpolate(0, 1, 0.5, SnippetInterpolation.Spherical).Dispose();
        bank.InterpolateCoefficients(0, 1, 0.5, SnippetInterpolation.Mask).Dispose();
        bank.Add(query);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}

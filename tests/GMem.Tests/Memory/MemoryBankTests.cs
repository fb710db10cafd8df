using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class MemoryBankTests
{
    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    public void FromRows_RowsOfAnyLength_AreUnitAndPointTheSameWay(string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = TestBank.Gaussian(50, 12) * torch.logspace(-8, 8, 50).unsqueeze(1);
        MemoryBank bank = MemoryBank.FromRows(rows, storage: TestBank.Dense(kind));
        torch.Tensor unit = bank.All();
        Assert.Equal(50, bank.Count);
        Assert.Equal(12, bank.Dimension);
        Assert.True(unit.norm(1).Plus(-1).abs().max().item<float>() < 1e-6);
        Assert.True(((unit * rows).sum(1) / rows.norm(1)).min().item<float>() > 1 - 1e-6);
    }

    [Fact]
    public void FromRows_UnusableRows_AreAllNamedById()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = TestBank.Gaussian(5000, 4);
        rows[3].zero_();
        rows[2100] = double.NaN;
        rows[4999] = double.PositiveInfinity;
        rows[7] = rows[7].Times(1e-14);
        ArgumentException byNumber = Assert.Throws<ArgumentException>(() => MemoryBank.FromRows(rows));
        Assert.Contains("4 of 5,000 rows", byNumber.Message);
        Assert.Contains("ids 3, 7, 2100, 4999.", byNumber.Message);
        EntryId[] ids = [.. Enumerable.Range(0, 5000).Select(i => new EntryId(90000 - i))];
        ArgumentException byId = Assert.Throws<ArgumentException>(() => MemoryBank.FromRows(rows, ids: ids));
        Assert.Contains("ids 89997, 89993, 87900, 85001.", byId.Message);
    }

    [Fact]
    public void Rows_IndexOutOfRange_SaysTheIndexAndTheRange()
    {
        MemoryBank bank = TestBank.Create(rows: 20);
        foreach (long index in new[] { -1L, 20, long.MaxValue })
        {
            ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => bank.Rows([0, index]));
            Assert.Contains($"The memory index {index} is not in the bank; it has the indices 0 to 19.", error.Message);
            Assert.Throws<ArgumentOutOfRangeException>(() => bank.Entry(index));
        }
    }

    [Fact]
    public void Rows_InsideNoScope_LeakNothing()
    {
        MemoryBank bank = TestBank.Create(storage: SnippetStorage.Float16);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        bank.Rows([1, 2, 3]).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    public void Save_ThenOpenAndLoad_GiveTheSameBank(string kind)
    {
        MemoryBank bank = TestBank.Create(rows: 33, width: 7, TestBank.Dense(kind));
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "bank.safetensors");
            bank.Save(path);
            TestBank.Same(bank, MemoryBank.Open(path));
            using FileStream stream = File.OpenRead(path);
            TestBank.Same(bank, MemoryBank.Load(stream, path));
            stream.Position = 0;
            string cache = Path.Combine(folder, "cache");
            TestBank.Same(bank, MemoryBank.Load(stream, path, cache, largestInMemory: 0));
            string kept = Assert.Single(Directory.GetFiles(cache));
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(kept));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

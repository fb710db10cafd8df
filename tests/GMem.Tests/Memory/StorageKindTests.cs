using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>A storage kind from outside does all that a built-in one does.</summary>
public sealed class StorageKindTests : IDisposable
{
    private static readonly RowScaledInt8 Int8 = new();

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    static StorageKindTests() => SnippetStorage.Register(RowScaledInt8.Name, _ => Int8);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Rows_AreNearlyThoseGiven()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 500, width: 24, Int8);
        torch.Tensor exact = TestBank.Create(rows: 500, width: 24).All();
        Assert.Equal(RowScaledInt8.Name, bank.Storage.Kind);
        Assert.Equal(24, bank.Dimension);
        Assert.True((bank.All() - exact).abs().max().item<float>() < 0.5 / 127);
        Assert.True(bank.All().norm(1).Plus(-1).abs().max().item<float>() < 1e-6);
        TestBank.Same(bank, TestBank.Create(rows: 500, width: 24).ToStorage(Int8));
    }

    [Fact]
    public void Save_ThenOpenAndLoad_GiveTheSameBank()
    {
        string path = Path.Combine(_folder, "bank.safetensors");
        MemoryBank bank = TestBank.Create(rows: 33, width: 7, Int8);
        bank.Save(path);
        Assert.InRange(new FileInfo(path).Length, 0, 3000);
        MemoryBank opened = MemoryBank.Open(path);
        TestBank.Same(bank, opened);
        Assert.True(bank.ContentEquals(opened));
        using FileStream stream = File.OpenRead(path);
        TestBank.Same(bank, MemoryBank.Load(stream, path));
        stream.Position = 0;
        TestBank.Same(bank, MemoryBank.Load(stream, path, _folder, largestInMemory: 0));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void Nearest_AgainstAllCosines_IsExact(int queryCount)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 3000, width: 12, Int8).Merge(TestBank.Create(rows: 2000, width: 12, Int8, seed: 2))
            .RemoveWhere(e => e.Index % 7 == 3);
        torch.Tensor queries = Snippets.Normalize(TestBank.Gaussian(queryCount, 12, seed: 3));
        (torch.Tensor values, torch.Tensor indices) = queries.matmul(bank.All().t()).topk(10, 1);
        MemoryNeighbor[][] found = bank.Nearest(queries, 10, Token);
        for (int q = 0; q < queryCount; q++)
        {
            for (int k = 0; k < 10; k++)
            {
                Assert.Equal(values[q, k].item<float>(), found[q][k].Cosine, 2e-6);
                Assert.Equal(indices[q, k].item<long>(), found[q][k].Index);
            }
        }
    }

    [Fact]
    public void Edits_KeepTheStoredBits()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 30, width: 12, Int8);
        torch.Tensor rows = bank.All();
        MemoryBank removed = bank.Remove(new EntryId(2), new EntryId(11));
        long[] left = [.. Enumerable.Range(0, 30).Where(i => i is not (2 or 11)).Select(i => (long)i)];
        torch.Tensor kept = rows.index_select(0, torch.tensor(left));
        Assert.True(removed.All().equal(kept).all().item<bool>());

        MemoryBank added = removed.Add(rows[2]);
        Assert.True((added.Rows([28])[0] - rows[2]).abs().max().item<float>() < 1e-2);
        Assert.True(removed.ContentEquals(added.Remove(new EntryId(30))));

        MemoryBank subset = bank.KeepRandom(9, seed: 3);
        EntryId[] ids = [.. subset.Entries.Select(e => e.Id)];
        Assert.True(subset.All().equal(bank.RowsById(ids)).all().item<bool>());
        Assert.Equal(9, bank.KeepSpread(9, seed: 3, Token).Count);

        MemoryBank merged = bank.Merge(TestBank.Create(rows: 5, width: 12, seed: 2));
        Assert.Equal(RowScaledInt8.Name, merged.Storage.Kind);
        Assert.True(merged.All().narrow(0, 0, 30).equal(rows).all().item<bool>());
        MemoryBank other = TestBank.Create(rows: 5, width: 12).Merge(bank);
        Assert.True(other.All().narrow(0, 5, 30).equal(rows).all().item<bool>());

        Assert.Equal(1, bank.Interpolate(0, 1, 0.5).norm().item<float>(), 1e-6);
        Assert.Contains(
            $"stored as {RowScaledInt8.Name} has no coefficients",
            Assert.Throws<InvalidOperationException>(() => bank.InterpolateCoefficients(0, 1, 0.5)).Message);
        Assert.InRange(bank.ToLowRank(12, Token).MeanCosine, 0.9999, 1.0001);
    }

    [Fact]
    public void Register_Twice_IsRefused()
    {
        foreach (string kind in new[] { RowScaledInt8.Name, "Float32", "Float16", "LowRank" })
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => SnippetStorage.Register(kind, _ => Int8));
            Assert.Contains($"'{kind}' is already registered", error.Message);
        }
    }

    [Fact]
    public void Register_ByManyThreads_OneOfThemSucceeds()
    {
        int registered = 0;
        Parallel.For(0, 64, i =>
        {
            try
            {
                SnippetStorage.Register($"kind of many threads {i % 4}", _ => Int8);
                Interlocked.Increment(ref registered);
            }
            catch (ArgumentException)
            {
            }
        });
        Assert.Equal(4, registered);
    }

    [Fact]
    public void Open_VectorsTooNarrowForTheKind_IsInvalidData()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string path = Path.Combine(_folder, "bank.safetensors");
        GMem.FileFormats.SafetensorsWriter.Write(
            path,
            new Dictionary<string, torch.Tensor> { ["rows"] = torch.zeros(3, 4, dtype: torch.int8) },
            new Dictionary<string, string>
            {
                ["format"] = "gmem-memory-bank",
                ["version"] = "1",
                ["storage"] = RowScaledInt8.Name,
                ["next_id"] = "3",
            });
        string message = Assert.Throws<InvalidDataException>(() => MemoryBank.Open(path)).Message;
        Assert.Contains("does not fit its storage, RowScaledInt8", message);
    }
}

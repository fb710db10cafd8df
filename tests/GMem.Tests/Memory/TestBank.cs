using GMem.Memory;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>Small banks for tests.</summary>
internal static class TestBank
{
    public static torch.Tensor Gaussian(int rows, int width, long seed = 1)
    {
        using torch.Generator generator = new((ulong)seed, torch.CPU);
        return torch.randn(rows, width, generator: generator);
    }

    public static MemoryBank Create(int rows = 20, int width = 8, SnippetStorage? storage = null, long seed = 1)
    {
        using torch.Tensor tensor = Gaussian(rows, width, seed);
        string?[] labels = [.. Enumerable.Range(0, rows).Select(i => i % 4 == 3 ? null : $"label {i % 4}")];
        string?[] sources = [.. Enumerable.Range(0, rows).Select(i => $"images/{i:000}.png")];
        return MemoryBank.FromRows(tensor, labels, sources, null, storage);
    }

    public static EntryId[] Ids(params long[] values) => Array.ConvertAll(values, value => new EntryId(value));

    public static SnippetStorage Dense(string kind) => kind == "Float16" ? SnippetStorage.Float16 : SnippetStorage.Float32;

    /// <summary>The bank in low-rank storage, if that is the kind, else as it is.</summary>
    public static MemoryBank LowRankIf(this MemoryBank bank, string kind, int rank) =>
        kind == "LowRank" ? bank.ToLowRank(rank, TestContext.Current.CancellationToken).Bank : bank;

    public static torch.Tensor All(this MemoryBank bank) => bank.Rows([.. Enumerable.Range(0, (int)bank.Count).Select(i => (long)i)]);

    /// <summary>Bits, ids, labels, sources: everything that a bank says of itself.</summary>
    public static void Same(MemoryBank expected, MemoryBank actual)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Equal(expected.Storage, actual.Storage);
        Assert.Equal(expected.Dimension, actual.Dimension);
        Assert.Equal(expected.Rank, actual.Rank);
        Assert.Equal(expected.Entries, actual.Entries);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.True(expected.All().equal(actual.All()).all().item<bool>());
        for (double z = -3; z <= 3; z += 0.25)
        {
            Assert.Equal(expected.IndexFromNoise(z), actual.IndexFromNoise(z));
        }
    }
}

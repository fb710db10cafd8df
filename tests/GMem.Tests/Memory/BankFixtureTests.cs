using GMem.FileFormats;
using GMem.Memory;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>
/// Bank files written before storage kinds were objects: they still load, and the same bank still gives the same bytes and, since files
/// have them, hashes.
/// </summary>
public sealed class BankFixtureTests
{
    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    [InlineData("LowRank")]
    public void Save_OfAnOpenedFixture_GivesItsBytesAndHashes(string kind)
    {
        byte[] fixture = Read(kind);
        MemoryBank bank = MemoryBank.Load(new MemoryStream(fixture), kind);
        Assert.Equal(kind, bank.Storage.Kind);
        Assert.Equal(FileIntegrity.NoHashes, bank.Integrity);
        AssertSameButForHashes(fixture, Write(bank));
    }

    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    public void Save_OfTheBankBuiltAgain_GivesTheBytesOfTheFixture(string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        AssertSameButForHashes(Read(kind), Write(Build(kind == "Float16" ? SnippetStorage.Float16 : SnippetStorage.Float32)));
    }

    [Fact]
    public void Load_LowRankFixture_HasNearlyTheRowsOfTheBankBuiltAgain()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = MemoryBank.Load(new MemoryStream(Read("LowRank")), "LowRank");
        MemoryBank built = Build(SnippetStorage.Float32, rank: 3);

        // The basis comes from LAPACK, whose last bits differ among machines.
        Assert.Equal(built.Entries, bank.Entries);
        Assert.True((built.All() - bank.All()).abs().max().item<float>() < 1e-5);
    }

    private static void AssertSameButForHashes(byte[] before, byte[] now)
    {
        SafetensorsHeader old = SafetensorsHeader.Read(new MemoryStream(before), before.Length, "before");
        SafetensorsHeader header = SafetensorsHeader.Read(new MemoryStream(now), now.Length, "now");
        Assert.False(old.HasHashes);
        Assert.True(header.HasHashes);
        Assert.Equal(old.Metadata, header.Metadata);
        Assert.Equal(old.Entries.Select(Line), header.Entries.Select(Line));
        Assert.Equal(before[(int)old.DataStart..], now[(int)header.DataStart..]);
        static string Line(SafetensorsEntry e) => $"{e.Name} {e.DataType} [{string.Join(", ", e.Shape)}] {e.Offset} {e.Length}";
    }

    private static MemoryBank Build(SnippetStorage storage, int? rank = null)
    {
        string?[] labels = [.. Enumerable.Range(0, 12).Select(i => i % 4 == 3 ? null : $"label {i % 4}")];
        string?[] sources = [.. Enumerable.Range(0, 12).Select(i => i % 5 == 2 ? null : $"images/{i:000}.png")];
        MemoryBank bank = MemoryBank.FromRows(Rows(12), labels, sources, null, storage);
        bank = rank is int d ? bank.ToLowRank(d).Bank : bank;
        return bank.RemoveWhere(e => e.Index is 2 or 7).Add(Rows(14)[13], ["added"]).WithSamplingWeights(e => e.Index + 1);
    }

    /// <summary>Rows of integers and quarters, the same on every machine.</summary>
    private static torch.Tensor Rows(int count)
    {
        const int Width = 6;
        float[,] rows = new float[count, Width];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < Width; j++)
            {
                rows[i, j] = (((i * 31) + (j * 17) + (i * j * 7)) % 23) - 11 + (j * 0.25f);
            }
        }

        return torch.tensor(rows);
    }

    private static byte[] Write(MemoryBank bank)
    {
        using MemoryStream stream = new();
        bank.Save(stream);
        return stream.ToArray();
    }

    private static byte[] Read(string kind)
    {
        using Stream resource = typeof(BankFixtureTests).Assembly.GetManifestResourceStream($"{kind}.safetensors")!;
        using MemoryStream stream = new();
        resource.CopyTo(stream);
        return stream.ToArray();
    }
}

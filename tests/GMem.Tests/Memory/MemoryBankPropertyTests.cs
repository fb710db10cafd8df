using CsCheck;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.FileFormats;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>
/// Properties of every sequence of edits, on every kind of storage. <see cref="Fuzz.Variable"/> sets how many sequences are
/// tried.
/// </summary>
public sealed class MemoryBankPropertyTests
{
    private const int Width = 6;

    private static readonly Gen<(int Kind, int Seed, int Edit)[]> Edits =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 1000], Gen.Int[0, 9]).Array[1, 8];

    [Fact]
    public void AnyEdits_RowsAreUnit_AndWhatWasBeforeIsUnchanged() => Edits.Sample(
        edits =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            List<(MemoryBank Bank, torch.Tensor Rows, MemoryEntry[] Entries)> history = [];
            MemoryBank bank = Start(edits[0].Kind, edits[0].Seed);
            foreach ((_, int seed, int edit) in edits)
            {
                history.Add((bank, bank.All(), [.. bank.Entries]));
                bank = Edit(bank, edit, seed);
                Assert.True(bank.All().norm(1).Plus(-1).abs().max().item<float>() < 1e-6);
                Assert.Equal(bank.Count, bank.Entries.DistinctBy(e => e.Id).Count());
            }

            foreach ((MemoryBank earlier, torch.Tensor rows, MemoryEntry[] entries) in history)
            {
                Assert.True(earlier.All().equal(rows).all().item<bool>());
                Assert.Equal(entries, earlier.Entries);
            }
        },
        iter: Fuzz.Iterations(150),
        threads: 1);

    [Fact]
    public void AddThenRemove_AfterAnyEdits_IsTheIdentity() => Edits.Sample(
        edits =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            MemoryBank bank = After(edits);
            MemoryBank added = bank.Add(TestBank.Gaussian(3, Width, edits[0].Seed), labels: ["new", null, "label 1"]);
            EntryId[] ids = [.. added.Entries.Skip((int)bank.Count).Select(e => e.Id)];
            Assert.True(bank.ContentEquals(added.Remove(ids)));
        },
        iter: Fuzz.Iterations(150),
        threads: 1);

    [Fact]
    public void SaveAndLoad_AfterAnyEdits_GivesAnEqualBank()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Edits.Sample(edits => SaveAndLoad(After(edits), folder), iter: Fuzz.Iterations(50), threads: 1);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void SaveAndLoad(MemoryBank bank, string folder)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string path = Path.Combine(folder, "bank.safetensors");
        bank.Save(path);
        byte[] bytes = File.ReadAllBytes(path);
        MemoryBank[] loaded =
        [
            MemoryBank.Open(path),
            MemoryBank.Load(new MemoryStream(bytes), "stream"),
            MemoryBank.Load(new ForwardStream(bytes), "forward"),
            MemoryBank.Load(new ForwardStream(bytes), "cached", folder, largestInMemory: 0),
        ];
        foreach (MemoryBank again in loaded)
        {
            Assert.True(bank.ContentEquals(again));
            TestBank.Same(bank, again);

            // The next id is kept too.
            Assert.Equal(bank.Add(torch.ones(Width)).Entries.Last(), again.Add(torch.ones(Width)).Entries.Last());
        }

        // What was loaded is edited and saved like any other; and a bank saves to the same bytes again.
        using MemoryStream second = new();
        loaded[0].Save(second);
        Assert.Equal(bytes, second.ToArray());
    }

    private static MemoryBank After((int Kind, int Seed, int Edit)[] edits) =>
        edits.Aggregate(Start(edits[0].Kind, edits[0].Seed), (bank, e) => Edit(bank, e.Edit, e.Seed));

    private static MemoryBank Start(int kind, int seed)
    {
        SnippetStorage storage = kind == 1 ? SnippetStorage.Float16 : SnippetStorage.Float32;
        MemoryBank bank = TestBank.Create(rows: 12 + (seed % 9), width: Width, storage, seed);
        return kind == 2 ? bank.ToLowRank(4).Bank : bank;
    }

    private static MemoryBank Edit(MemoryBank bank, int edit, int seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return edit switch
        {
            0 => bank.Add(TestBank.Gaussian(1 + (seed % 3), Width, seed)),
            1 => bank.Add(TestBank.Gaussian(2, Width, seed), labels: [$"label {seed % 4}", ""], sources: [null, $"{seed}.png"]),
            2 when bank.Count > 3 => bank.Remove(bank.Entry(seed % bank.Count).Id, bank.Entry(0).Id),
            3 when bank.Count > 3 => bank.RemoveWhere(e => e.Index % 3 == 1),
            4 when bank.Labels.Count > 1 => bank.RemoveLabel(bank.Labels[seed % bank.Labels.Count]),
            5 => bank.Merge(Start(seed % 3, seed + 1)),
            6 => bank.KeepRandom((bank.Count + 1) / 2, seed),
            7 => bank.KeepSpread((bank.Count + 1) / 2, seed),
            8 => bank.WithSamplingWeights(e => 1 + (e.Id.Value % 5)),
            9 when bank.Storage.Equals(SnippetStorage.Float32) => bank.ToStorage(SnippetStorage.Float16),
            _ => bank,
        };
    }
}

using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class MemoryBankEditTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Add_NewSnippets_GetTheNextIdsThatNoEntryEverHad()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 5).Remove(new EntryId(4));
        MemoryBank added = bank.Add(TestBank.Gaussian(2, 8), labels: ["cat", null], sources: [null, "b.png"]);
        Assert.Equal([0, 1, 2, 3, 5, 6], added.Entries.Select(e => e.Id.Value));
        Assert.Equal(new MemoryEntry(4, new EntryId(5), "cat", null), added.Entry(4));
        Assert.Equal(new MemoryEntry(5, new EntryId(6), null, "b.png"), added.Entry(5));
        Assert.Equal(20, added.Add(torch.ones(8), ids: TestBank.Ids(20)).Entry(6).Id.Value);
        Assert.Equal(21, added.Add(torch.ones(8), ids: TestBank.Ids(20)).Add(torch.ones(8)).Entry(7).Id.Value);
        Assert.Equal(4, bank.Count);
    }

    [Fact]
    public void Add_OneByOne_KeepsFewSegmentsAndEverything()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = TestBank.Gaussian(300, 8);
        MemoryBank bank = MemoryBank.FromRows(rows.narrow(0, 0, 1));
        for (int i = 1; i < 300; i++)
        {
            bank = bank.Add(rows[i], labels: [$"{i % 3}"], sources: [$"{i}"]);
        }

        Assert.True(bank.ContentEquals(MemoryBank.FromRows(
            rows,
            [.. Enumerable.Range(0, 300).Select(i => i == 0 ? null : $"{i % 3}")],
            [.. Enumerable.Range(0, 300).Select(i => i == 0 ? null : $"{i}")])));
    }

    [Fact]
    public void Add_WrongInput_IsRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = TestBank.Create(rows: 5, width: 8);
        Assert.Contains(
            "have 9 components, those of this memory bank have 8",
            Assert.Throws<ArgumentException>(() => bank.Add(torch.ones(9))).Message);
        Assert.Contains(
            "with the ids 2, 4 already",
            Assert.Throws<ArgumentException>(() => bank.Add(TestBank.Gaussian(3, 8), ids: TestBank.Ids(2, 9, 4))).Message);
        Assert.Contains(
            "these are not: -1, 7",
            Assert.Throws<ArgumentException>(() => bank.Add(TestBank.Gaussian(3, 8), ids: TestBank.Ids(-1, 7, 7))).Message);
        Assert.Contains(
            "2 labels for 3 rows",
            Assert.Throws<ArgumentException>(() => bank.Add(TestBank.Gaussian(3, 8), labels: ["a", "b"])).Message);
        Assert.Contains("id 6.", Assert.Throws<ArgumentException>(() => bank.Add(torch.stack([torch.ones(8), torch.zeros(8)]))).Message);
        Assert.Throws<ArgumentException>(() => bank.Add(torch.ones(2, 8, dtype: torch.int64)));
        Assert.Contains("surrogate", Assert.Throws<ArgumentException>(() => bank.Add(torch.ones(8), labels: ["\ud800"])).Message);
        Assert.Contains("cannot be empty", Assert.Throws<ArgumentException>(() => MemoryBank.FromRows(torch.empty(0, 8))).Message);
        SnippetStorage wider = TestBank.Create(width: 9).ToLowRank(3, Token).Bank.Storage;
        Assert.Throws<ArgumentException>(() => MemoryBank.FromRows(torch.ones(2, 8), storage: wider));
    }

    [Fact]
    public void Remove_ByIdLabelAndCondition_KeepsTheRestInOrder()
    {
        MemoryBank bank = TestBank.Create(rows: 12);
        Assert.Equal([0, 1, 3, 4, 6, 7, 8, 9, 10, 11], bank.Remove(TestBank.Ids(5, 2, 5)).Entries.Select(e => e.Id.Value));
        Assert.Equal([0, 2, 3, 4, 6, 7, 8, 10, 11], bank.RemoveLabel("label 1").Entries.Select(e => e.Id.Value));
        Assert.Equal(["label 0", "label 2"], bank.RemoveLabel("label 1").Labels);
        Assert.Equal([0, 1], bank.RemoveWhere(e => e.Id.Value > 1).Entries.Select(e => e.Id.Value));
        Assert.Equal([1, 5, 9], bank.KeepLabel("label 1").Entries.Select(e => e.Id.Value));
        Assert.Equal([0, 1, 2], bank.KeepLabel("label 1").Entries.Select(e => e.Index));
        Assert.Equal(3, bank.CountOf("label 2"));
        Assert.Equal([2, 6, 10], bank.IndicesOf("label 2"));
        Assert.Same(bank, bank.RemoveWhere(_ => false));
    }

    [Fact]
    public void Remove_WhatIsNotThere_IsNamed()
    {
        MemoryBank bank = TestBank.Create(rows: 4);
        Assert.Contains(
            "no entry with the ids 9, -3",
            Assert.Throws<KeyNotFoundException>(() => bank.Remove(TestBank.Ids(1, 9, -3))).Message);
        Assert.Contains("no entry with the id 4", Assert.Throws<KeyNotFoundException>(() => bank.IndexOf(new EntryId(4))).Message);
        Assert.Throws<KeyNotFoundException>(() => bank.RowsById(TestBank.Ids(4)));
        Assert.Throws<ArgumentException>(() => bank.RemoveLabel("label 3"));
        Assert.Contains("cannot be empty", Assert.Throws<InvalidOperationException>(() => bank.RemoveWhere(_ => true)).Message);
        Assert.False(bank.TryIndexOf(new EntryId(4), out long index));
        Assert.Equal(-1, index);
    }

    [Fact]
    public void IndexOf_IdsInNoOrder_AreFound()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = MemoryBank.FromRows(TestBank.Gaussian(4, 8), ids: TestBank.Ids(7, 3, 90, 1));
        Assert.Equal([0, 1, 2, 3], TestBank.Ids(7, 3, 90, 1).Select(bank.IndexOf));
        Assert.True(bank.RowsById(TestBank.Ids(90, 7)).equal(bank.Rows([2, 0])).all().item<bool>());
        Assert.Equal(91, bank.Add(torch.ones(8)).Entry(4).Id.Value);
    }

    [Fact]
    public void KeepRandom_SameSeed_KeepsTheSameAndEverySizeIsExact()
    {
        MemoryBank bank = TestBank.Create(rows: 40);
        for (int count = 1; count <= 40; count++)
        {
            MemoryBank kept = bank.KeepRandom(count, seed: 3);
            Assert.Equal(count, kept.Count);
            Assert.True(kept.ContentEquals(bank.KeepRandom(count, seed: 3)));
        }

        Assert.False(bank.KeepRandom(10, seed: 3).ContentEquals(bank.KeepRandom(10, seed: 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => bank.KeepRandom(41, seed: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => bank.KeepRandom(0, seed: 3));
    }

    [Fact]
    public void KeepSpread_ClustersOfUnequalSize_TakesOneOfEach()
    {
        using DisposeScope scope = torch.NewDisposeScope();

        // 1,000 rows about one axis and one row on each of seven others: a random subset of eight would hardly ever have them all.
        torch.Tensor axis = torch.tensor(new float[] { 1, 0, 0, 0, 0, 0, 0, 0 });
        torch.Tensor crowd = axis.Plus(TestBank.Gaussian(1000, 8).Times(1e-4));
        MemoryBank bank = MemoryBank.FromRows(torch.cat([crowd, torch.eye(8).narrow(0, 1, 7)]));
        MemoryBank kept = bank.KeepSpread(8, seed: 1, Token);
        Assert.Equal(8, kept.Count);
        Assert.Equal(1000L + 6, kept.Entry(7).Id.Value);
        Assert.Equal(7, kept.Entries.Count(e => e.Id.Value >= 1000));
        Assert.True(kept.ContentEquals(bank.KeepSpread(8, seed: 1, Token)));
    }

    [Fact]
    public void KeepSpread_OnlyCopiesLeft_StillKeepsTheNumberAsked()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank bank = MemoryBank.FromRows(torch.ones(6, 3));
        Assert.Equal(5, bank.KeepSpread(5, seed: 1, Token).Entries.DistinctBy(e => e.Id).Count());
    }

    [Fact]
    public void Merge_IdsThatCollide_AreRenewedOnTheRight()
    {
        MemoryBank left = TestBank.Create(rows: 4, seed: 1);
        MemoryBank right = TestBank.Create(rows: 6, seed: 2).RemoveWhere(e => e.Id.Value == 2);
        MemoryBank merged = left.Merge(right);
        Assert.Equal([0, 1, 2, 3, 6, 7, 8, 4, 5], merged.Entries.Select(e => e.Id.Value));
        Assert.Equal(right.Entries.Select(e => (e.Label, e.Source)), merged.Entries.Skip(4).Select(e => (e.Label, e.Source)));
        Assert.Equal([0, 1, 3, 4, 5], right.Entries.Select(e => e.Id.Value));
        using torch.Tensor one = torch.ones(8);
        Assert.Equal(9, merged.Add(one).Entry(9).Id.Value);
    }

    [Fact]
    public void Merge_WeightsOfOneSide_TheOtherWeighsOne()
    {
        MemoryBank left = TestBank.Create(rows: 2).WithSamplingWeights([3, 4]);
        MemoryBank right = TestBank.Create(rows: 2, seed: 2);
        Assert.Equal([3, 4, 1, 1], Enumerable.Range(0, 4).Select(i => left.Merge(right).SamplingWeight(i)));
        Assert.Equal([1, 1, 3, 4], Enumerable.Range(0, 4).Select(i => right.Merge(left).SamplingWeight(i)));
        Assert.False(right.Merge(right).HasSamplingWeights);
    }

    [Fact]
    public void Merge_OtherStorage_IsConvertedToThatOfTheLeft()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MemoryBank half = TestBank.Create(rows: 30, storage: SnippetStorage.Float16);
        MemoryBank full = TestBank.Create(rows: 20, seed: 2);
        MemoryBank low = full.ToLowRank(8, Token).Bank;
        foreach (MemoryBank left in new[] { half, full, low })
        {
            foreach (MemoryBank right in new[] { half, full, low })
            {
                MemoryBank merged = left.Merge(right);
                Assert.Equal(left.Storage, merged.Storage);
                torch.Tensor difference = merged.All().narrow(0, left.Count, right.Count) - right.All();
                Assert.True(difference.abs().max().item<float>() < 1e-3);
            }
        }

        Assert.Contains("have 7 components", Assert.Throws<ArgumentException>(() => full.Merge(TestBank.Create(width: 7))).Message);
    }

    [Fact]
    public void ContentEquals_AnyDifference_IsSeen()
    {
        MemoryBank bank = TestBank.Create();
        Assert.True(bank.ContentEquals(TestBank.Create()));
        Assert.False(bank.ContentEquals(null));
        Assert.False(bank.ContentEquals(TestBank.Create(seed: 2)));
        Assert.False(bank.ContentEquals(TestBank.Create(rows: 19)));
        Assert.False(bank.ContentEquals(TestBank.Create(storage: SnippetStorage.Float16)));
        Assert.False(bank.ContentEquals(bank.WithSamplingWeights(e => e.Index + 1)));
        using torch.Tensor rows = bank.All();
        Assert.False(bank.ContentEquals(MemoryBank.FromRows(rows)));
    }
}

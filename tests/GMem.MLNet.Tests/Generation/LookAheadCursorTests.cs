using GMem.MLNet.Tests.Fakes;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Generation;

public class LookAheadCursorTests
{
    private static readonly int[] BatchSizes = [1, 3, 16];

    private static IDataView Prompts(int count) =>
        Views.Of([.. Enumerable.Range(0, count).Select(
            i =>
                new LabelledPrompt { Seed = 50 + i, Label = $"row {i}", Features = [i, i + 1f],
                    Ragged = [.. Enumerable.Range(0, i % 3)] })]);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    public void Images_AnyBatchSize_AreThoseOfTheirOwnRow(int batchSize)
    {
        List<byte[]> pixels = Prompts(20).Generate(new FakeGenerator(), batchSize).Pixels();

        Assert.Equal(20, pixels.Count);
        Assert.All(pixels, (p, i) => Assert.Equal(FakeGenerator.Rgba(new GenerationRequest(50 + i)), p));
    }

    [Theory]
    [InlineData(1, new[] { 1, 1, 1, 1, 1, 1, 1 })]
    [InlineData(3, new[] { 3, 3, 1 })]
    [InlineData(16, new[] { 7 })]
    public void Images_AnyBatchSize_AreGeneratedInBlocks(int batchSize, int[] expected)
    {
        FakeGenerator generator = new();

        Prompts(7).Generate(generator, batchSize).Pixels();

        Assert.Equal(expected, generator.Batches);
    }

    [Fact]
    public void Cosines_OfABlock_AreSearchedForAtOnceAndOnlyIfAskedFor()
    {
        FakeGenerator generator = new();
        PromptRow[] rows = [.. Enumerable.Range(0, 5).Select(i => new PromptRow { Snippet = [i / 8f, 1] })];

        Assert.Equal([0, 0.125f, 0.25f, 0.375f, 0.5f], Views.Of(rows).Generate(generator, batchSize: 3).Values<float>("MemoryCosine"));
        Assert.Equal([3, 2], generator.Searches);
        Assert.Empty(generator.Batches);
        Views.Of(rows).Generate(generator).Pixels();
        Assert.Equal([3, 2], generator.Searches);
    }

    [Fact]
    public void SourceColumns_BehindTheLookAhead_KeepTheirRowsValues()
    {
        foreach (int batchSize in BatchSizes)
        {
            IDataView view = Prompts(10).Generate(new FakeGenerator(), batchSize);
            using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
            for (int i = 0; cursor.MoveNext(); i++)
            {
                Assert.Equal(i, cursor.Position);
                Assert.Equal(50 + i, cursor.Value<long>("Seed"));
                Assert.Equal($"row {i}", cursor.Value<ReadOnlyMemory<char>>("Label").ToString());
                Assert.Equal([i, i + 1f], cursor.Value<VBuffer<float>>("Features").DenseValues());
                Assert.Equal(Enumerable.Range(0, i % 3), cursor.Value<VBuffer<int>>("Ragged").DenseValues());
                Assert.Equal((50 + i) % 10, cursor.Value<long>("MemoryIndex"));
            }
        }
    }

    [Fact]
    public void SourceVectors_WhenAReaderWritesIntoThem_StayWhole()
    {
        IDataView view = Prompts(4).Generate(new FakeGenerator());
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        cursor.MoveNext();
        VBuffer<float> first = cursor.Value<VBuffer<float>>("Features");
        VBufferEditor.CreateFromBuffer(ref first).Values.Fill(-1);

        Assert.Equal([0, 1], cursor.Value<VBuffer<float>>("Features").DenseValues());
    }

    [Fact]
    public void Ids_BehindTheLookAhead_AreThoseOfTheSource()
    {
        IDataView prompts = Prompts(5);
        IDataView view = prompts.Generate(new FakeGenerator(), 3);

        Assert.Equal(Ids(prompts, prompts.Schema), Ids(view, view.Schema));
    }

    [Fact]
    public void Images_NotAskedFor_CostNothing()
    {
        FakeGenerator generator = new();
        IDataView view = Prompts(5).Generate(generator);

        Assert.Equal([50, 51, 52, 53, 54], view.Values<long>("Seed"));
        Assert.Equal(5, view.Values<ReadOnlyMemory<char>>("Label").Count);
        using (DataViewRowCursor cursor = view.GetRowCursor(view.Schema))
        {
            // Active but never read: nothing is generated either.
            Assert.Equal(["row 0", "row 1", "row 2", "row 3", "row 4"],
                cursor.Values<ReadOnlyMemory<char>>("Label").Select(m => m.ToString()));
        }

        Assert.Empty(generator.Batches);
    }

    [Fact]
    public void Images_ReadTwiceInARow_AreTwoImagesOfOneGeneration()
    {
        FakeGenerator generator = new();
        IDataView view = Prompts(2).Generate(generator);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        cursor.MoveNext();

        using MLImage one = cursor.Value<MLImage>("GeneratedImage");
        using MLImage two = cursor.Value<MLImage>("GeneratedImage");

        Assert.NotSame(one, two);
        Assert.Equal(one.Pixels, two.Pixels);
        Assert.Single(generator.Batches);
    }

    [Fact]
    public void TwoCursors_ReadInTurns_DoNotDisturbEachOther()
    {
        IDataView view = Prompts(9).Generate(new FakeGenerator(), 4);
        using DataViewRowCursor one = view.GetRowCursor(view.Schema);
        using DataViewRowCursor two = view.GetRowCursor(view.Schema);
        one.MoveNext();
        for (int i = 0; two.MoveNext(); i++)
        {
            bool more = one.MoveNext();
            Assert.Equal(i < 8, more);
            Assert.Equal(50 + i, two.Value<long>("Seed"));
            Assert.Equal(!more ? -1 : i + 1, one.Position);
            Assert.Equal((50 + i) % 10, two.Value<long>("MemoryIndex"));
        }
    }

    [Fact]
    public void GetRowCursorSet_AnyNumber_GivesEveryRowOnce()
    {
        IDataView view = Prompts(7).Generate(new FakeGenerator(), 2);
        DataViewRowCursor[] cursors = view.GetRowCursorSet(view.Schema, 4);

        Assert.Equal(Enumerable.Range(50, 7).Select(i => (long)i), cursors.SelectMany(c => c.Values<long>("Seed")));
        Assert.All(cursors, c => c.Dispose());
    }

    [Fact]
    public void Seed_WithoutASeedColumn_IsTheTrainersSeedPlusTheRowNumber()
    {
        FakeGenerator generator = new();
        IDataView view = Views.Of(new Unrelated { X = 1 }, new Unrelated { X = 2 }, new Unrelated { X = 3 }).Generate(
            generator, 2, firstSeed: 40);

        Assert.Equal([40, 41, 42], view.Values<long>("Seed"));
        Assert.Equal([40 % 10, 41 % 10, 42 % 10], view.Values<long>("MemoryIndex"));
        Assert.False(view.CanShuffle);
    }

    [Fact]
    public void Shuffling_WithASeedColumn_MovesRowsWithTheirImages()
    {
        IDataView view = Views.MLContext.Data.Cache(Prompts(30)).Generate(new FakeGenerator(), 4);
        Assert.True(view.CanShuffle);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema, new Random(3));
        List<long> seeds = [];
        while (cursor.MoveNext())
        {
            seeds.Add(cursor.Value<long>("Seed"));
            using MLImage image = cursor.Value<MLImage>("GeneratedImage");
            Assert.Equal(FakeGenerator.Rgba(new GenerationRequest(seeds[^1])), image.Pixels);
        }

        Assert.NotEqual(seeds.Order(), seeds);
        Assert.Equal(Enumerable.Range(50, 30).Select(i => (long)i), seeds.Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    public void BadRow_AnyBatchSize_ThrowsWhenItIsReachedAndStaysReached(int batchSize)
    {
        IDataView view = Views.Of(
            new PromptRow { Seed = 1 }, new PromptRow { Seed = 2 }, new PromptRow { Seed = 3, MemoryIndex = 4, Snippet = [1, 2] },
            new PromptRow { Seed = 4 })
            .Generate(new FakeGenerator(), batchSize);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);

        Assert.True(cursor.MoveNext());
        Assert.True(cursor.MoveNext());
        Assert.Equal(2, cursor.Value<long>("MemoryIndex"));
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => cursor.MoveNext());
        Assert.Equal(
            "Row 2 (counted from 0) has prompts that exclude each other: column 'MemoryIndex' is 4 and column 'Snippet' has 2 entries. "
            + "Give one of them: -1 stands for no index, and an empty snippet, label or image for none.",
            e.Message);
        Assert.Throws<InvalidDataException>(() => cursor.MoveNext());
    }

    [Fact]
    public void GetGetter_OfWhatIsNotThere_SaysSo()
    {
        IDataView view = Prompts(1).Generate(new FakeGenerator());
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["GeneratedImage"]]);

        Assert.Contains(
            "'Label' is not active",
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Label"])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "'GeneratedImage' holds",
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<long>(view.Schema["GeneratedImage"])).Message,
            StringComparison.Ordinal);
        ValueGetter<MLImage> getter = cursor.GetGetter<MLImage>(view.Schema["GeneratedImage"]);
        MLImage image = null!;
        Assert.Contains(
            "not on a row", Assert.Throws<InvalidOperationException>(() => getter(ref image)).Message, StringComparison.Ordinal);
    }

    private static List<DataViewRowId> Ids(IDataView view, IEnumerable<DataViewSchema.Column> columns)
    {
        using DataViewRowCursor cursor = view.GetRowCursor(columns);
        ValueGetter<DataViewRowId> getter = cursor.GetIdGetter();
        List<DataViewRowId> ids = [];
        while (cursor.MoveNext())
        {
            DataViewRowId id = default;
            getter(ref id);
            ids.Add(id);
        }

        return ids;
    }

    private sealed class LabelledPrompt
    {
        public long Seed { get; set; }

        public string Label { get; set; } = "";

        [VectorType(2)]
        public float[] Features { get; set; } = [];

        public int[] Ragged { get; set; } = [];
    }

    private sealed class Unrelated
    {
        public float X { get; set; }
    }
}

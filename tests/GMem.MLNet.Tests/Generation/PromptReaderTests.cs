using GMem.MLNet.Tests.Fakes;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Generation;

public class PromptReaderTests
{
    [Fact]
    public void Read_EachKindOfPrompt_ReachesTheModel()
    {
        FakeGenerator generator = new();
        IDataView view = Views.Of(
            new PromptRow { Seed = 1 },
            new PromptRow { Seed = 2, MemoryIndex = 5 },
            new PromptRow { Seed = 3, Snippet = [0.5f, -0.5f] }).Generate(generator);

        Assert.Equal([1, 5, -1], view.Values<long>("MemoryIndex"));
        Assert.Equal([1, 2, 3], generator.Requests.Select(r => r.Seed));
        Assert.Equal([-1, 5, -1], generator.Requests.Select(r => r.MemoryIndex));
        Assert.Equal([0.5f, -0.5f], generator.Requests[2].Snippet.ToArray());
        Assert.True(generator.Requests[0].Snippet.IsEmpty);
    }

    [Fact]
    public void Read_FromASparseSnippet_FillsInTheZeros()
    {
        FakeGenerator generator = new();
        Views.Of(new FixedSnippet { Snippet = new VBuffer<float>(4, 1, [3f], [2]) }).Generate(generator).Values<long>("MemoryIndex");

        Assert.Equal([0, 0, 3, 0], generator.Requests[0].Snippet.ToArray());
    }

    [Fact]
    public void Read_AnIndexThatTheModelRefuses_NamesTheRow()
    {
        IDataView view = Views.Of(new PromptRow(), new PromptRow { MemoryIndex = 12 }).Generate(new FakeGenerator { Entries = 12 });

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => view.Values<long>("MemoryIndex"));

        Assert.Equal("Row 1 (counted from 0): MemoryIndex 12 is out of range.", e.Message);
    }

    [Fact]
    public void ReadSeed_AboveTheLargestLong_IsRefused()
    {
        IDataView view = Views.Of(new Unsigned { Seed = long.MaxValue }, new Unsigned { Seed = 1UL << 63 }).Generate(new FakeGenerator());

        InvalidDataException e = Assert.Throws<InvalidDataException>(() => view.Values<long>("Seed"));

        Assert.Equal("Row 1 (counted from 0): the seed in column 'Seed' is above 9223372036854775807, the largest there is.", e.Message);
    }

    private sealed class FixedSnippet
    {
        [VectorType(4)]
        public VBuffer<float> Snippet { get; set; }
    }

    private sealed class Unsigned
    {
        public ulong Seed { get; set; }
    }
}

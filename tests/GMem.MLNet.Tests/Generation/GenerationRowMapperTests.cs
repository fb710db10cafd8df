using GMem.MLNet.Generation;
using GMem.MLNet.Tests.Fakes;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.MLNet.Tests.Generation;

public class GenerationRowMapperTests
{
    [Fact]
    public void GetRow_OverACursor_GeneratesOnceARow()
    {
        FakeGenerator generator = new();
        IDataView prompts = Views.Of(new PromptRow { Seed = 1 }, new PromptRow { Seed = 2 });
        GenerationRowMapper mapper = Mapper(prompts, generator);
        using DataViewRowCursor cursor = prompts.GetRowCursor(prompts.Schema);
        using DataViewRow row = mapper.GetRow(cursor, mapper.OutputSchema);
        for (long seed = 1; cursor.MoveNext(); seed++)
        {
            using MLImage image = row.Value<MLImage>("GeneratedImage");
            Assert.Equal(FakeGenerator.Rgba(new GenerationRequest(seed)), image.Pixels);
            Assert.Equal(seed, row.Value<long>("MemoryIndex"));
            Assert.Equal(seed, row.Value<long>("Seed"));
            Assert.Empty(row.Value<VBuffer<float>>("Snippet").DenseValues());
        }

        Assert.Equal([1, 1], generator.Batches);
    }

    [Fact]
    public void GetDependencies_OfEachColumn_AreWhatItIsMadeFrom()
    {
        IDataView prompts = Views.Of<WithLabel>();
        GenerationRowMapper mapper = Mapper(prompts, new FakeGenerator());

        Assert.Equal(["Label"], Names("Label"));
        Assert.Equal(["Seed"], Names("Seed"));
        Assert.Equal(["MemoryIndex", "Seed"], Names("GeneratedImage"));
        Assert.Equal(["Label", "MemoryIndex", "Seed"], Names("Label", "MemoryIndex"));

        IEnumerable<string> Names(params string[] columns) =>
            mapper.GetDependencies(columns.Select(c => mapper.OutputSchema[c])).Select(c => c.Name).Order();
    }

    [Fact]
    public void GetRow_OfAnotherSchema_IsRefused()
    {
        IDataView other = Views.Of<PromptRow>();
        GenerationRowMapper mapper = Mapper(Views.Of<PromptRow>(), new FakeGenerator());
        using DataViewRowCursor cursor = other.GetRowCursor(other.Schema);

        Assert.Throws<ArgumentException>(() => mapper.GetRow(cursor, mapper.OutputSchema));
    }

    private static GenerationRowMapper Mapper(IDataView prompts, FakeGenerator generator) =>
        new(new GenerationSchema(prompts.Schema, new GenerationOptions(), generator.ImageShape), generator, firstSeed: 0);

    private sealed class WithLabel
    {
        public string Label { get; set; } = "";

        public long Seed { get; set; }

        public int MemoryIndex { get; set; }
    }
}

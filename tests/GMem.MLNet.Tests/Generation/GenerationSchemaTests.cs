using GMem.MLNet.Generation;
using GMem.MLNet.Persistence;
using GMem.MLNet.Tests.Fakes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet.Tests.Generation;

public class GenerationSchemaTests
{
    [Fact]
    public void Output_OfPrompts_HidesTheirColumnsBehindTheGeneratedOnes()
    {
        DataViewSchema output = new GenerationSchema(Views.Of<PromptRow>().Schema, new GenerationOptions(), 8).Output;

        Assert.Equal(["Seed", "MemoryIndex", "Snippet", "PromptLabel", "PromptImage", "PromptValues", "Strength", "PromptMask",
            "NoiseImage", "GeneratedImage", "MemoryIndex", "Seed", "MemoryLabel", "MemoryCosine", "MemoryId"], output.Select(c => c.Name));
        Assert.Equal(["Seed", "MemoryIndex"], output.Where(c => c.IsHidden).Select(c => c.Name));
        Assert.Equal(new ImageDataViewType(8, 8), output["GeneratedImage"].Type);
        Assert.Equal(NumberDataViewType.Int64, output["MemoryIndex"].Type);
        Assert.Equal(TextDataViewType.Instance, output["MemoryLabel"].Type);
        Assert.Equal(NumberDataViewType.Single, output["MemoryCosine"].Type);
    }

    [Fact]
    public void Output_UnderOtherNames_KeepsThePromptsReadable()
    {
        GenerationOptions options = new()
        {
            OutputMemoryIndexColumnName = "Used",
            OutputSeedColumnName = "UsedSeed",
            OutputImageColumnName = "Picture"
        };
        IDataView view = Views.Of(new PromptRow { Seed = 3 }).Generate(new FakeGenerator(), options: options);

        Assert.DoesNotContain(view.Schema, c => c.IsHidden);
        Assert.Equal([-1], view.Values<long>("MemoryIndex"));
        Assert.Equal([3], view.Values<long>("Used"));
        Assert.Equal([3], view.Values<long>("UsedSeed"));
        Assert.Single(view.Pixels("Picture"));
    }

    [Fact]
    public void Promise_ForAnySchema_IsTheShapeOfTheOutput()
    {
        foreach (DataViewSchema input in new[] { Views.Of<PromptRow>().Schema, Views.Of<OtherTypes>().Schema, Views.Of<Nothing>().Schema })
        {
            GenerationOptions options = new();
            SchemaShape promise = GenerationSchema.Promise(SchemaShapes.Of(input), options, 8);
            SchemaShape real = SchemaShapes.Of(new GenerationSchema(input, options, 8).Output);

            Assert.Equal(real.OrderBy(c => c.Name).Select(Text), promise.OrderBy(c => c.Name).Select(Text));
        }
    }

    [Fact]
    public void Prompts_OfAnyIntegerType_AreRead()
    {
        IDataView view = Views.Of(new OtherTypes { Seed = 7, MemoryIndex = 200 }).Generate(new FakeGenerator());

        Assert.Equal([7], view.Values<long>("Seed"));
        Assert.Equal([200], view.Values<long>("MemoryIndex"));
    }

    [Fact]
    public void Prompts_SwitchedOff_AreNotRead()
    {
        GenerationOptions options = new() { SeedColumnName = null, MemoryIndexColumnName = null, SnippetColumnName = null };
        IDataView view = Views.Of(new WrongTypes()).Generate(new FakeGenerator(), options: options, firstSeed: 5);

        Assert.Equal([5], view.Values<long>("Seed"));
    }

    [Theory]
    [InlineData("Seed", "The seed prompt column 'Seed' is Single; expected an integer (Int64 or another width). Convert it, or name "
        + "another column (null for none) with GenerationOptions.SeedColumnName.")]
    [InlineData("MemoryIndex", "The memory index prompt column 'MemoryIndex' is Vector<Int64>; expected an integer (Int64 or another "
        + "width). Convert it, or name another column (null for none) with GenerationOptions.MemoryIndexColumnName.")]
    [InlineData("Snippet", "The snippet prompt column 'Snippet' is Single; expected a vector of Single. Convert it, or name another "
        + "column (null for none) with GenerationOptions.SnippetColumnName.")]
    public void Prompts_OfOtherTypes_AreRefusedByName(string column, string message)
    {
        GenerationOptions options = new()
        {
            SeedColumnName = column == "Seed" ? column : null,
            MemoryIndexColumnName = column == "MemoryIndex" ? column : null,
            SnippetColumnName = column == "Snippet" ? column : null,
        };
        DataViewSchema schema = Views.Of<WrongTypes>().Schema;

        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new GenerationSchema(schema, options, 8)).Message);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => GenerationSchema.Promise(SchemaShapes.Of(schema), options,
            8)).Message);
    }

    private static string Text(SchemaShape.Column c) => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey}";

    private sealed class OtherTypes
    {
        public ushort Seed { get; set; }

        public byte MemoryIndex { get; set; }
    }

    private sealed class WrongTypes
    {
        public float Seed { get; set; }

        [VectorType(2)]
        public long[] MemoryIndex { get; set; } = [];

        public float Snippet { get; set; }
    }

    private sealed class Nothing
    {
        public bool Flag { get; set; }

        public string Text { get; set; } = "";
    }
}

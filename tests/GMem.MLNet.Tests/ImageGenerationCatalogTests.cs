using GMem.MLNet.Tests.Fakes;
using Microsoft.ML;

namespace GMem.MLNet.Tests;

public class ImageGenerationCatalogTests
{
    [Fact]
    public void CreatePrompts_WithASeed_CountsUpFromIt()
    {
        IDataView prompts = new MLContext().ImageGeneration.CreatePrompts(count: 3, seed: 7);

        Assert.Equal([7, 8, 9], prompts.Values<long>("Seed"));
        Assert.Equal([-1, -1, -1], prompts.Values<long>("MemoryIndex"));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, long.MaxValue)]
    public void CreatePrompts_OutOfRange_IsRefused(int count, long seed) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new MLContext().ImageGeneration.CreatePrompts(count, seed));

    [Theory]
    [InlineData("cat", "cat.png", null)]
    [InlineData("cat", null, 3L)]
    [InlineData(null, "cat.png", 3L)]
    [InlineData("cat", "cat.png", 3L)]
    public void CreatePrompts_WithMoreThanOneWayToSayTheSnippet_IsRefused(string? label, string? image, long? memoryIndex)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new MLContext().ImageGeneration.CreatePrompts(2, label: label, image: image, memoryIndex: memoryIndex));
        Assert.Contains("at most one of label, image and memoryIndex", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreatePrompts_WithANegativeEntry_NamesIt()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(
            () => new MLContext().ImageGeneration.CreatePrompts(2, memoryIndex: -1));
        Assert.Equal("memoryIndex", error.ParamName);
    }
}

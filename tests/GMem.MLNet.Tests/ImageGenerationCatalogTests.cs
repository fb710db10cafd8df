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
}

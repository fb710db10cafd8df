using GMem.MLNet.Tests.Fakes;
using Microsoft.ML;

namespace GMem.MLNet.Tests;

public class GeneratedImageRowTests
{
    [Fact]
    public void CreateEnumerable_OfGeneratedRows_GivesImagesThatStay()
    {
        IDataView view = Views.MLContext.ImageGeneration.CreatePrompts(count: 5, seed: 7).Generate(new FakeGenerator(), batchSize: 2);

        List<GeneratedImageRow> rows = [.. Views.MLContext.Data.CreateEnumerable<GeneratedImageRow>(view, reuseRowObject: false)];

        Assert.Equal([7, 8, 9, 10, 11], rows.Select(r => r.Seed));
        Assert.Equal([7, 8, 9, 0, 1], rows.Select(r => r.MemoryIndex));
        Assert.All(rows, r => Assert.Equal(FakeGenerator.Rgba(new GenerationRequest(r.Seed)), r.GeneratedImage.Pixels));
        rows.ForEach(r => r.GeneratedImage.Dispose());
    }
}

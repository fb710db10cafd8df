using GMem.Autoencoders.Kl;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class TiledMapTests
{
    [Theory]
    [InlineData(16, 16)]
    [InlineData(17, 40)]
    [InlineData(64, 5)]
    public void Apply_LocalMap_EqualsTheWhole(long height, long width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(2, torch.CPU);
        torch.Tensor input = torch.randn([2, 3, height, width], generator: generator);
        torch.Tensor Map(torch.Tensor x) =>
            torch.nn.functional.interpolate(x, [x.shape[2] * 2, x.shape[3] * 2], mode: torch.InterpolationMode.Nearest).Plus(1);
        ReferenceFolder.Close(TiledMap.Apply(input, 16, 1, length => length * 2, Map), Map(input), 1e-5, 0, "tiled");
    }

    [Fact]
    public void Starts_AnyLength_CoverItInUnitsWithOverlap()
    {
        foreach (long cells in Enumerable.Range(1, 60).Select(i => (long)i))
        {
            long length = cells * 8, tile = 64;
            IReadOnlyList<long> starts = TiledMap.Starts(length, tile, 8);
            Assert.All(starts, s => Assert.True(s >= 0 && s % 8 == 0));
            Assert.True(starts[^1] + tile >= length && (starts.Count == 1 || starts[^1] + tile == length));
            Assert.All(starts.Zip(starts.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1, tile * 3 / 4));
        }
    }

    [Fact]
    public void Apply_TilesThatDiffer_FadeIntoOneAnother()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int tile = 0;
        torch.Tensor output = TiledMap.Apply(torch.zeros(1, 1, 1, 28), 16, 1, length => length, x => TensorNumbers.Full(x.shape, tile++));
        float[] values = output.flatten().data<float>().ToArray();
        Assert.Equal(2, tile);
        Assert.Equal(0, values[0]);
        Assert.Equal(1, values[^1]);
        Assert.All(values.Zip(values.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 0, 0.3));
    }
}

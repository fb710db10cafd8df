using GMem.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class SeededNoiseTests
{
    private static readonly long[] Shape = [3, 4, 4];

    [Fact]
    public void Batches_AreTheStackedRows()
    {
        using DisposeScope scope = NewDisposeScope();
        long[] seeds = [7, -1, long.MaxValue, 7];
        Tensor images = SeededNoise.Images(seeds, Shape), increments = SeededNoise.Increments(seeds, 4, Shape);
        Assert.Equal([4L, 3, 4, 4], images.shape);
        for (int i = 0; i < seeds.Length; i++)
        {
            Assert.True(images[i].Equals(SeededNoise.Image(seeds[i], Shape)));
            Assert.True(increments[i].Equals(SeededNoise.Increment(seeds[i], 4, Shape)));
        }
    }

    [Fact]
    public void Draws_OfOtherSeedsStepsAndPurposes_Differ()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] draws =
        [
            SeededNoise.Image(1, Shape), SeededNoise.Image(2, Shape),
            SeededNoise.Increment(1, 0, Shape), SeededNoise.Increment(1, 1, Shape), SeededNoise.Increment(2, 0, Shape),
        ];
        for (int i = 0; i < draws.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                Assert.False(draws[i].Equals(draws[j]), $"{i} and {j}");
            }
        }
    }

    [Fact]
    public void Draws_OfManySeeds_AreStandardNormalAndUncorrelated()
    {
        using DisposeScope scope = NewDisposeScope();
        long[] seeds = [.. Enumerable.Range(0, 2000).Select(i => (long)i)];
        Tensor first = SeededNoise.Images(seeds, [16]), second = SeededNoise.Increments(seeds, 0, [16]);
        Assert.Equal(0, first.mean().item<float>(), 0.02);
        Assert.Equal(1, first.std().item<float>(), 0.02);
        Assert.Equal(0, (first * second).mean().item<float>(), 0.02);
        double[] index = [.. seeds.Select(SeededNoise.MemoryIndex)];
        Assert.Equal(0, index.Average(), 0.08);
        Assert.Equal(1, index.Select(z => z * z).Average(), 0.12);
        Assert.Equal(0.5, index.Count(z => Math.Abs(z) < 0.6745) / 2000.0, 0.04);
    }

    [Fact]
    public void MemoryIndex_TheSameSeed_GivesTheSameNumberAndLeavesNothing()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Equal(SeededNoise.MemoryIndex(42), SeededNoise.MemoryIndex(42));
        Assert.NotEqual(SeededNoise.MemoryIndex(42), SeededNoise.MemoryIndex(43));
        SeededNoise.Images([1, 2], Shape).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Draws_FromTheGlobalGenerator_ThereAreNone()
    {
        using Tensor before = random.get_rng_state();
        SeededNoise.Images([1, 2], Shape).Dispose();
        SeededNoise.MemoryIndex(3);
        using Tensor after = random.get_rng_state();
        Assert.True(before.Equals(after));
    }

    [Fact]
    public void Arguments_ThatAreWrong_AreNamed()
    {
        Assert.Throws<ArgumentException>("seeds", () => SeededNoise.Images([], Shape));
        Assert.Throws<ArgumentOutOfRangeException>("step", () => SeededNoise.Increment(1, -1, Shape));
    }
}

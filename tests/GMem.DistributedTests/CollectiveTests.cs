using GMem.Training;

namespace GMem.DistributedTests;

public sealed class CollectiveTests
{
    /// <summary>Every rank compares sums and broadcasts with what one process computes.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Collectives_OfRanks_GiveWhatOneProcessComputes(int ranks)
    {
        RankResult result = RankRun.Of(ranks, "collectives").RequireSuccess();
        string[] expected = [.. Enumerable.Range(0, ranks).Select(rank => $"{rank} {ranks} {rank} {ranks} 1")];
        Assert.Equal(expected, result.Of("rank").Select(l => string.Join(' ', l.Split(' ')[..5])).Order());
    }

    /// <summary>Moments and averages, the larger part of a training's memory, are shared among ranks; weights are not.</summary>
    [Fact]
    public void State_OfFourRanks_IsAQuarterEach()
    {
        static Dictionary<string, long>[] Sizes(int ranks) =>
        [
            .. RankRun.Of(ranks, "state", "width=256").RequireSuccess().Of("state").Order()
                .Select(l => l.Split(' ').Skip(1).Select(p => p.Split('=')).ToDictionary(p => p[0], p => long.Parse(p[1]))),
        ];
        Dictionary<string, long> alone = Sizes(1).Single();
        Dictionary<string, long>[] four = Sizes(4);
        long parameters = alone["weights"];
        Assert.Equal(4, four.Length);
        Assert.Equal(
            ["average", "first_moment", "power_average.0", "power_average.1", "second_moment", "weights"], alone.Keys.Order());
        foreach (string name in alone.Keys)
        {
            Assert.Equal(parameters, alone[name]);
            if (name == "weights")
            {
                Assert.All(four, rank => Assert.Equal(parameters, rank[name]));
            }
            else
            {
                // Segments begin at multiples of a block, so they differ by one at most.
                Assert.Equal(parameters, four.Sum(rank => rank[name]));
                Assert.All(four, rank => Assert.InRange(rank[name] - (parameters / 4), -FlatBlocks.Length, FlatBlocks.Length));
            }
        }
    }
}

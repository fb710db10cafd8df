using GMem.Memory;

namespace GMem.Tests.Memory;

public sealed class NormalDistributionTests
{
    // Tables of the normal distribution to 15 digits (Wolfram, and scipy.stats.norm.cdf).
    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(0.5, 0.691462461274013)]
    [InlineData(1, 0.841344746068543)]
    [InlineData(1.959963984540054, 0.975)]
    [InlineData(3, 0.998650101968370)]
    [InlineData(-1, 0.158655253931457)]
    [InlineData(-2, 0.0227501319481792)]
    [InlineData(-3, 0.00134989803163009)]
    [InlineData(-5, 2.86651571879194e-07)]
    [InlineData(-10, 7.61985302416053e-24)]
    [InlineData(-20, 2.75362411860623e-89)]
    [InlineData(-37, 5.72557122252458e-300)]
    public void Cumulative_KnownValues_AreExact(double z, double expected)
    {
        double relative = Math.Abs(NormalDistribution.Cumulative(z) - expected) / expected;
        Assert.True(relative < 2e-13, $"Phi({z}) = {NormalDistribution.Cumulative(z):g17}, expected {expected:g17}");
    }

    [Fact]
    public void Cumulative_AnywhereOnTheLine_RisesAndIsSymmetric()
    {
        double before = 0;
        for (double z = -39; z <= 39; z += 1.0 / 64)
        {
            double share = NormalDistribution.Cumulative(z);
            Assert.InRange(share, before, 1);
            Assert.Equal(1, share + NormalDistribution.Cumulative(-z), 1e-15);
            before = share;
        }

        // The two ways of computing meet at 2 sqrt(2): a step there would show as a density that is not the normal one.
        double at = 2 * Math.Sqrt(2);
        double slope = (NormalDistribution.Cumulative(-at + 1e-4) - NormalDistribution.Cumulative(-at - 1e-4)) / 2e-4;
        Assert.Equal(Math.Exp(-4) / Math.Sqrt(2 * Math.PI), slope, 1e-9);
    }
}

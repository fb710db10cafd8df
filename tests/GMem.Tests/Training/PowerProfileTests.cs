using GMem.Training;

namespace GMem.Tests.Training;

public sealed class PowerProfileTests
{
    /// <summary>The pairs that the paper (arXiv 2312.02696) prints.</summary>
    [Theory]
    [InlineData(0.05, 16.97)]
    [InlineData(0.10, 6.94)]
    public void ExponentOf_WidthsOfThePaper_AreItsExponents(double width, double exponent)
    {
        Assert.Equal(exponent, PowerProfile.ExponentOf(width), 2);
        Assert.Equal(width, PowerProfile.WidthOf(PowerProfile.ExponentOf(width)), 12);
    }

    [Theory]
    [InlineData(3, 10, 7, 14)]
    [InlineData(7, 14, 3, 10)]
    [InlineData(7, 10, 3, 14)]
    [InlineData(5, 8, 5, 8)]
    public void Dot_TwoProfiles_IsTheIntegralOfTheirProduct(double exponentA, double stepA, double exponentB, double stepB)
    {
        const int Parts = 200_000;
        double end = Math.Min(stepA, stepB), sum = 0;
        for (int i = 0; i < Parts; i++)
        {
            double s = (i + 0.5) * end / Parts;
            sum += Density(exponentA, stepA, s) * Density(exponentB, stepB, s) * end / Parts;
        }

        Assert.Equal(sum, new PowerProfile(exponentA, stepA).Dot(new PowerProfile(exponentB, stepB)), 8);
    }

    [Fact]
    public void Decay_AllSteps_GivesEveryStepItsWeight()
    {
        // The weight of step s after T steps is (1 - decay(s)) prod decay(s+1 .. T), which telescopes to (s^(g+1) - (s-1)^(g+1)) / T^(g+1).
        const double Exponent = 4;
        const int Steps = 20;
        double average = 0;
        for (int s = 1; s <= Steps; s++)
        {
            average = (PowerProfile.Decay(Exponent, s) * average) + ((1 - PowerProfile.Decay(Exponent, s)) * Math.Sin(s));
        }

        double expected = Enumerable.Range(1, Steps).Sum(s => (Math.Pow(s, 5) - Math.Pow(s - 1, 5)) / Math.Pow(Steps, 5) * Math.Sin(s));
        Assert.Equal(expected, average, 12);
    }

    [Theory]
    [InlineData(0.07)]
    [InlineData(0.05)]
    [InlineData(0.15)]
    public void Factors_SnapshotsOfTwoWidths_GiveTheAverageOfAnother(double width)
    {
        const int Steps = 2000;
        const int Every = 100;
        double[] exponents = [PowerProfile.ExponentOf(0.05), PowerProfile.ExponentOf(0.10), PowerProfile.ExponentOf(width)];
        double[] averages = new double[3];
        List<PowerProfile> profiles = [];
        List<double> snapshots = [];
        for (int s = 1; s <= Steps; s++)
        {
            // A weight that moves ever more slowly, as in training.
            double weight = Math.Log(1 + (s / 50.0)) + Math.Sin(s / 300.0);
            for (int i = 0; i < 3; i++)
            {
                averages[i] += (1 - PowerProfile.Decay(exponents[i], s)) * (weight - averages[i]);
            }

            for (int i = 0; i < 2 && s % Every == 0; i++)
            {
                profiles.Add(new PowerProfile(exponents[i], s));
                snapshots.Add(averages[i]);
            }
        }

        double[] factors = PostHocAverage.Factors(profiles, new PowerProfile(exponents[2], Steps));

        double rebuilt = factors.Zip(snapshots, (f, a) => f * a).Sum();
        Assert.Equal(1, factors.Sum(), 2);
        Assert.Equal(averages[2], rebuilt, 2);
    }

    private static double Density(double exponent, double step, double s) =>
        (exponent + 1) * Math.Pow(s, exponent) / Math.Pow(step, exponent + 1);
}

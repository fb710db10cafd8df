using GMem.Memory;
using TorchSharp;

namespace GMem.Tests.Memory;

public sealed class MemoryBankNoiseTests
{
    private const int Draws = 40_000;

    [Fact]
    public void IndexFromNoise_Uniform_HasTheDistribution() => CheckDistribution(TestBank.Create(rows: 37), null, _ => 1);

    [Fact]
    public void IndexFromNoise_Weighted_HasTheDistribution() =>
        CheckDistribution(TestBank.Create(rows: 37).WithSamplingWeights(e => e.Index % 5), null, e => e.Index % 5);

    [Fact]
    public void IndexFromNoise_OfALabel_HasTheDistribution() =>
        CheckDistribution(TestBank.Create(rows: 37), "label 2", e => e.Label == "label 2" ? 1 : 0);

    [Fact]
    public void IndexFromNoise_OfALabelWeighted_HasTheDistribution() =>
        CheckDistribution(
            TestBank.Create(rows: 37).WithSamplingWeights(e => e.Index + 1), "label 0", e => e.Label == "label 0" ? e.Index + 1 : 0);

    [Fact]
    public void IndexFromNoise_SameNumber_SameEntryInAnyOrderAndSplit()
    {
        double[] noise = Noise(1000);
        foreach (MemoryBank bank in new[] { TestBank.Create(), TestBank.Create().WithSamplingWeights(e => e.Index) })
        {
            long[] expected = Array.ConvertAll(noise, z => bank.IndexFromNoise(z));
            long[] backwards = [.. noise.Reverse().Select(z => bank.IndexFromNoise(z)).Reverse()];
            long[] beside = new long[noise.Length];
            Parallel.For(0, noise.Length, i => beside[i] = bank.IndexFromNoise(noise[i]));
            Assert.Equal(expected, backwards);
            Assert.Equal(expected, beside);
        }
    }

    [Fact]
    public void IndexFromNoise_FarOut_StaysInTheBank()
    {
        MemoryBank bank = TestBank.Create(rows: 20);
        MemoryBank weighted = bank.WithSamplingWeights(e => e.Index is 4 or 9 ? 1 : 0);
        Assert.Equal(0, bank.IndexFromNoise(double.MinValue));
        Assert.Equal(19, bank.IndexFromNoise(double.MaxValue));
        Assert.Equal(4, weighted.IndexFromNoise(double.MinValue));
        Assert.Equal(9, weighted.IndexFromNoise(double.MaxValue));
        Assert.Equal(1, bank.IndexFromNoise(-100, "label 1"));
        Assert.Equal(17, bank.IndexFromNoise(100, "label 1"));
        foreach (double z in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            Assert.Throws<ArgumentException>(() => bank.IndexFromNoise(z));
        }
    }

    [Fact]
    public void IndexFromNoise_UnknownLabel_ListsTheKnownOnes()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => TestBank.Create().IndexFromNoise(0, "cat"));
        Assert.Contains("No entry of the memory bank has the label 'cat'; it knows 'label 0', 'label 1', 'label 2'.", error.Message);
        using torch.Tensor rows = TestBank.Gaussian(3, 4);
        Assert.Contains(
            "its entries have no labels",
            Assert.Throws<ArgumentException>(() => MemoryBank.FromRows(rows).KeepLabel("cat")).Message);
    }

    [Fact]
    public void WithSamplingWeights_WrongOnes_AreRefused()
    {
        MemoryBank bank = TestBank.Create(rows: 4);
        Assert.Contains(
            "3 sampling weights for 4 entries",
            Assert.Throws<ArgumentException>(() => bank.WithSamplingWeights([1, 2, 3])).Message);
        Assert.Contains("Sampling weight 2 is -1", Assert.Throws<ArgumentException>(() => bank.WithSamplingWeights([1, 2, -1, 0])).Message);
        Assert.Contains(
            "Sampling weight 0 is NaN",
            Assert.Throws<ArgumentException>(() => bank.WithSamplingWeights([double.NaN, 2, 1, 0])).Message);
        Assert.Contains("sum to 0", Assert.Throws<ArgumentException>(() => bank.WithSamplingWeights([0, 0, 0, 0])).Message);
        Assert.Contains(
            "sum to Infinity",
            Assert.Throws<ArgumentException>(() => bank.WithSamplingWeights([double.MaxValue, double.MaxValue, 0, 0])).Message);
        MemoryBank onlyFirst = bank.WithSamplingWeights([1, 0, 0, 0]);
        Assert.Contains("weight 0", Assert.Throws<ArgumentException>(() => onlyFirst.IndexFromNoise(0, "label 1")).Message);
        Assert.Throws<InvalidOperationException>(() => onlyFirst.Remove(new EntryId(0)));
        Assert.Equal(0, onlyFirst.SamplingWeight(3));
        Assert.Equal(1, onlyFirst.WithoutSamplingWeights().SamplingWeight(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => bank.SamplingWeight(4));
    }

    private static void CheckDistribution(MemoryBank bank, string? label, Func<MemoryEntry, double> weight)
    {
        double[] weights = [.. bank.Entries.Select(weight)];
        double total = weights.Sum();
        long[] counts = new long[bank.Count];
        foreach (double z in Noise(Draws))
        {
            counts[bank.IndexFromNoise(z, label)]++;
        }

        double chiSquare = 0;
        int freedom = -1;
        for (int i = 0; i < counts.Length; i++)
        {
            double expected = Draws * weights[i] / total;
            Assert.True(expected > 0 || counts[i] == 0, $"entry {i} has weight 0 and was drawn {counts[i]} times");
            chiSquare += expected > 0 ? Math.Pow(counts[i] - expected, 2) / expected : 0;
            freedom += expected > 0 ? 1 : 0;
        }

        // Wilson and Hilferty's approximation of the quantile 1 - 3e-5 (four standard deviations) of chi-square.
        double limit = freedom * Math.Pow(1 - (2.0 / (9 * freedom)) + (4 * Math.Sqrt(2.0 / (9 * freedom))), 3);
        Assert.True(chiSquare < limit, $"chi-square {chiSquare:f1} of {freedom} degrees of freedom is above {limit:f1}");
    }

    private static double[] Noise(int count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(17, torch.CPU);
        return torch.randn(count, dtype: torch.float64, generator: generator).data<double>().ToArray();
    }
}

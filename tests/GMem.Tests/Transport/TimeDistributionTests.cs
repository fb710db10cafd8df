using GMem.Runtime;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Transport;

public sealed class TimeDistributionTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(-0.5, 0.6)]
    public void Sample_LogitNormal_HasTheQuantilesOfItsNormal(double mean, double std)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(11);
        Tensor t = TimeDistribution.LogitNormal(mean, std).Sample(40_000, generator, ScalarType.Float64);
        foreach ((double z, double below) in new[] { (-1.0, 0.158655), (0.0, 0.5), (1.5, 0.933193) })
        {
            double bound = 1 / (1 + Math.Exp(-(mean + (z * std))));
            Assert.Equal(below, t.IsBelow(bound).to(ScalarType.Float64).mean().item<double>(), 0.01);
        }
    }

    [Fact]
    public void Sample_Uniform_IsUniform()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(12);
        Tensor t = TimeDistribution.Uniform.Sample(40_000, generator);
        Assert.Equal(ScalarType.Float32, t.dtype);
        Assert.Equal(0.3, t.IsBelow(0.3).to(ScalarType.Float64).mean().item<double>(), 0.01);
        Assert.True(t.min().item<float>() >= 0 && t.max().item<float>() < 1);
    }

    [Fact]
    public void Sample_TheSameSeed_GivesTheSameTimes()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator first = new(13), second = new(13);
        TimeDistribution distribution = TimeDistribution.LogitNormal();
        Assert.True(distribution.Sample(5, first).Equals(distribution.Sample(5, second)));
    }

    [Fact]
    public void Arguments_ThatAreWrong_AreNamed()
    {
        using Generator generator = new(1);
        Assert.Throws<ArgumentOutOfRangeException>("mean", () => TimeDistribution.LogitNormal(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("standardDeviation", () => TimeDistribution.LogitNormal(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => TimeDistribution.Uniform.Sample(0, generator));
    }
}

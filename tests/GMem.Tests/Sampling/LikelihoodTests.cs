using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class LikelihoodTests
{
    private const double Spread = 0.5;

    /// <summary>The exact velocity of data N(0, 0.25) on the linear path.</summary>
    private static readonly VectorField Gaussian = (x, time) =>
    {
        double rest = 1 - time, variance = Spread * Spread;
        return x.Times(((time * variance) - rest) / ((time * time * variance) + (rest * rest)));
    };

    [Theory]
    [InlineData(OdeMethod.RungeKutta4, 1e-5)]
    [InlineData(OdeMethod.Dopri5, 1e-6)]
    public void Evaluate_ExactVelocityOfGaussianData_GivesTheirDensity(OdeMethod method, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(5);

        // 100 rows of 5 dimensions: the unit vectors go in several lots.
        Tensor data = randn([100, 5], dtype: ScalarType.Float64, generator: generator).Times(Spread);
        Likelihood likelihood = new(FlowTransport.LinearVelocity, method, relativeTolerance: 1e-8, absoluteTolerance: 1e-9);
        using LikelihoodResult result = likelihood.Evaluate(Gaussian, data);
        Tensor expected = data.DividedBy(Spread).Squared().sum(1).Times(-0.5).Plus(-5 * Math.Log(Spread * Math.Sqrt(2 * Math.PI)));
        Assert.InRange((result.LogLikelihood - expected).abs().max().item<double>(), 0, tolerance);
        Assert.InRange((result.Noise - data.DividedBy(Spread)).abs().max().item<double>(), 0, tolerance);
        Tensor bits = result.BitsPerDimension(0.1);
        Assert.Equal((-expected[0].item<double>() / (5 * Math.Log(2))) - Math.Log2(0.1), bits[0].item<double>(), 1e-5);
    }

    [Fact]
    public void Estimate_DiagonalJacobian_IsExactWithSignProbes()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(6);
        Tensor data = randn([3, 4], dtype: ScalarType.Float64, generator: generator);
        Likelihood likelihood = new(FlowTransport.LinearVelocity, OdeMethod.Heun, 10);
        using LikelihoodResult exact = likelihood.Evaluate(Gaussian, data);
        using LikelihoodResult fixedProbe = likelihood.Estimate(
            Gaussian, data, Likelihood.Rademacher([3, 4], generator, ScalarType.Float64));
        using LikelihoodResult freshProbes = likelihood.Estimate(
            Gaussian, data, _ => Likelihood.Rademacher([3, 4], generator, ScalarType.Float64));
        Assert.InRange((exact.LogLikelihood - fixedProbe.LogLikelihood).abs().max().item<double>(), 0, 1e-12);
        Assert.InRange((exact.LogLikelihood - freshProbes.LogLikelihood).abs().max().item<double>(), 0, 1e-12);
        Assert.Equal(20, freshProbes.Evaluations);
    }

    [Fact]
    public void Rademacher_IsOfSignsInEqualNumber()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(7);
        Tensor probe = Likelihood.Rademacher([20_000], generator);
        Assert.True(probe.abs().IsEqualTo(1).all().item<bool>());
        Assert.Equal(0, probe.mean().item<float>(), 0.03);
    }

    [Fact]
    public void Arguments_ThatAreWrong_AreNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        Likelihood adaptive = new(FlowTransport.LinearVelocity);
        Assert.Contains("another probe", Assert.Throws<InvalidOperationException>(
            () => adaptive.Estimate(Gaussian, ones(2, 1), _ => ones(2, 1))).Message, StringComparison.Ordinal);
        Assert.Equal("The probe is [2, 2] and the state [2, 1]; they must have the same shape.", Assert.Throws<ArgumentException>(
            () => adaptive.Estimate(Gaussian, ones(2, 1), ones(2, 2))).Message);
        FlowTransport noise = new(InterpolantPath.Linear, PredictionTarget.Noise);
        Assert.Contains(
            "beyond the end", Assert.Throws<ArgumentException>("method", () => new Likelihood(noise)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => new Likelihood(FlowTransport.LinearVelocity, steps: 0));
    }

    [Fact]
    public void Estimate_Repeatedly_LeavesOnlyItsResult()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor data = ones(2, 1), probe = ones(2, 1);
        foreach (OdeMethod method in new[] { OdeMethod.Heun, OdeMethod.Dopri5 })
        {
            Likelihood likelihood = new(FlowTransport.LinearVelocity, method, 3);
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            likelihood.Estimate(Gaussian, data, probe).Dispose();
            likelihood.Evaluate(Gaussian, data).Dispose();
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.False(data.requires_grad);
    }
}

using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>Flows of Gaussians, whose maps and conditional distributions are known.</summary>
public sealed class PictureStartTests
{
    private const double Correlation = 0.8;

    private static readonly long[] Shape = [1, 1, 2];
    private static readonly double[] Mean = [0.5, -0.3];
    private static readonly double[] Deviation = [1, 0.6];

    [Theory]
    [InlineData(OdeMethod.Heun, 0)]
    [InlineData(OdeMethod.Heun, 0.3)]
    [InlineData(OdeMethod.RungeKutta4, 0)]
    [InlineData(OdeMethod.Dopri5, 0)]
    public void Invert_FlowBetweenGaussians_IsTheKnownMapAndGenerationGivesTheDataBack(OdeMethod method, double shift)
    {
        // The flow of N(0, 1) to N(m, d^2) is x1 = m + d x0.
        using DisposeScope scope = NewDisposeScope();
        Sampler sampler = new(
            FlowTransport.LinearVelocity,
            new SamplingOptions { OdeMethod = method, Steps = 100, TimestepShift = shift, RelativeTolerance = 1e-6 });
        NetworkFunction exact = (x, t, _) => Velocity(x, t, 0.5, 0.6);
        Tensor data = Draws(3);
        Tensor noise = sampler.Invert(exact, data);
        Near(data.Plus(-0.5).DividedBy(0.6), noise, 2e-3);
        Near(data, sampler.Sample(exact, noise), 1e-3);
    }

    [Fact]
    public void Invert_LinearEquation_IsTheInverseOfItsMatrixExponential()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor matrix = tensor(new double[,] { { 0.3, -1 }, { 0.7, -0.2 } }), data = Draws(2).to(ScalarType.Float64);
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { OdeMethod = OdeMethod.RungeKutta4, Steps = 50 });
        Tensor noise = sampler.Invert((x, _, _) => x.matmul(matrix.t()), data);
        Near(data.matmul(linalg.inv(matrix_exp(matrix)).t()), noise, 1e-7);
    }

    [Fact]
    public void Invert_GuidedFromASource_IsUndoneByGeneration()
    {
        using DisposeScope scope = NewDisposeScope();
        NetworkFunction network = (x, t, c) => x.sin().mul(t.view(-1, 1, 1, 1)).Plus(c!.view(-1, 1, 1, 1));
        Tensor data = Draws(3), mean = SeededNoise.Images([7, 8, 9], Shape), nullMean = SeededNoise.Images([5], Shape);
        GaussianSource source = new(mean, 0.4, nullMean);
        Sampler sampler = new(
            FlowTransport.LinearVelocity, new SamplingOptions { Steps = 200, GuidanceScale = 1.5, GuidanceIntervalStart = 0.2 });
        Tensor noise = sampler.Invert(network, data, ones(3), zeros(1), source: source);
        Near(data, sampler.Sample(network, noise, ones(3), zeros(1), source: source), 2e-2);
        using Tensor alone = sampler.Invert(network, data[1..2], ones(1), zeros(1), source: source.Rows(1, 1));
        Assert.True(alone[0].Equals(noise[1]));
    }

    [Fact]
    public void Invert_Sde_IsRefusedByName()
    {
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { Kind = SamplerKind.Sde });
        using Tensor data = zeros(1, 2);
        Assert.Equal(
            "The model samples by the SDE, whose noise cannot be found again. Inversion needs the ODE: set Sampling.Kind to Ode.",
            Assert.Throws<InvalidOperationException>(() => sampler.Invert((x, _, _) => x, data)).Message);
    }

    [Theory]
    [MemberData(nameof(SamplerTests.Settings), MemberType = typeof(SamplerTests))]
    public void Sample_FromData_EndsAreTheDataAndOrdinaryGenerationToTheBit(
        SamplerKind kind, OdeMethod ode, SdeMethod sde, InterpolantKind path, PredictionTarget prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        Sampler sampler = new(
            new FlowTransport(InterpolantPath.Of(path), prediction),
            new SamplingOptions { Kind = kind, OdeMethod = ode, SdeMethod = sde, Steps = 5, TimestepShift = 0.5 });
        Tensor data = SeededNoise.Images([8, 9], Shape), noise = SeededNoise.Images([1, 2], Shape);
        Tensor Run(PictureStart? picture) => sampler.Sample(
            (x, _, _) => x.sin(), noise, increments: step => SeededNoise.Increments([1, 2], step, Shape), picture: picture);
        Assert.True(Run(new PictureStart(data, 0)).Equals(data));
        Assert.True(Run(new PictureStart(data, 1)).Equals(Run(null)));
        Assert.True(Run(new PictureStart(data, 1e-5)).isfinite().all().item<bool>());

        Tensor together = Run(new PictureStart(data, 0.37));
        Assert.False(together.Equals(Run(null)) || together.Equals(data));
        Tensor alone = sampler.Sample(
            (x, _, _) => x.sin(), noise[1..2], increments: step => SeededNoise.Increments([2], step, Shape),
            picture: new PictureStart(data[1..2], 0.37));
        Assert.True(alone[0].Equals(together[1]));
    }

    [Theory]
    [InlineData(SamplerKind.Ode, false)]
    [InlineData(SamplerKind.Sde, false)]
    [InlineData(SamplerKind.Ode, true)]
    [InlineData(SamplerKind.Sde, true)]
    public void Sample_FromDataOfTheSameGaussian_KeepsTheDistribution(SamplerKind kind, bool centred)
    {
        // Half way to noise and back again: data N(0.5, 0.6^2), the source N(-1, 0.5^2) or N(0, 1), all by the exact velocity.
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(4);
        (double mean, double scale) = centred ? (-1, 0.5) : (0, 1);
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { Kind = kind, Steps = 100, TimestepShift = 0.6 });
        Tensor Normal() => randn([20_000, 1], generator: generator);
        GaussianSource? source = centred ? new GaussianSource(TensorNumbers.Full([20_000, 1], -1), 0.5) : null;
        Tensor data = Normal().Times(0.6).Plus(0.5);
        Tensor made = sampler.Sample(
            (x, t, _) => Velocity(x, t, 0.5, 0.6, mean, scale), Normal(), increments: _ => Normal(), source: source,
            picture: new PictureStart(data, 0.5));
        Assert.Equal(0.5, made.mean().item<float>(), 0.02);
        Assert.Equal(0.6, made.std().item<float>(), 0.02);
        double correlation = made.sub(made.mean()).mul(data.sub(data.mean())).mean().item<float>() / 0.36;
        Assert.InRange(correlation, 0.2, 0.95);
    }

    [Theory]
    [InlineData(SamplerKind.Ode, false, 0.03)]
    [InlineData(SamplerKind.Sde, false, 0.04)]
    [InlineData(SamplerKind.Ode, true, 0.03)]
    public void Sample_RepaintedGaussian_HasTheConditionalMeanAndVariance(SamplerKind kind, bool centred, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        const double Kept = 2;
        double mean = Mean[1] + (Correlation * Deviation[1] / Deviation[0] * (Kept - Mean[0]));
        double variance = Deviation[1] * Deviation[1] * (1 - (Correlation * Correlation));

        Tensor made = Repainted(kind, centred, resamplings: 12);

        Assert.Equal(mean, made.mean().item<float>(), tolerance);
        Assert.Equal(variance, made.var().item<float>(), 0.15 * variance);
        if (kind == SamplerKind.Ode && !centred)
        {
            // Without resampling what is painted only half fits.
            Assert.InRange(Math.Abs(Repainted(kind, false, 1).mean().item<float>() - mean), 5 * tolerance, 1);
        }

        Tensor Repainted(SamplerKind by, bool source, int resamplings)
        {
            const int Rows = 8000;
            using Generator generator = new(6);
            Tensor Normal(int _) => randn([Rows, .. Shape], generator: generator);
            Tensor centre = TensorNumbers.Full([Rows, .. Shape], source ? -1 : 0);
            double scale = source ? 0.5 : 1;
            Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { Kind = by, Steps = 50 });
            Tensor data = TensorNumbers.Full([Rows, .. Shape], Kept);
            Tensor mask = tensor(new[] { false, true }).expand(Rows, 1, 1, 2);
            Tensor all = sampler.Sample(
                (x, t, _) => JointVelocity(x, t, centre, scale), Normal(0), increments: Normal,
                source: source ? new GaussianSource(centre, scale) : null,
                picture: new PictureStart(data, 1, new Repainting(mask, resamplings, Normal)));
            Assert.True(all.select(-1, 0).Equals(data.select(-1, 0)));
            return all.select(-1, 1);
        }
    }

    [Theory]
    [InlineData(SamplerKind.Ode, OdeMethod.Heun)]
    [InlineData(SamplerKind.Ode, OdeMethod.Dopri5)]
    [InlineData(SamplerKind.Sde, OdeMethod.Heun)]
    public void Sample_Repainted_CountsItsVisitsLeavesNothingAndIsTheSameInEveryBatch(SamplerKind kind, OdeMethod method)
    {
        using DisposeScope scope = NewDisposeScope();
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { Kind = kind, OdeMethod = method, Steps = 4 });
        Tensor data = SeededNoise.Images([8, 9, 3], Shape);
        Tensor mask = tensor(new[] { false, true, true, false, true, true }).view(3, 1, 1, 2);
        List<SamplingProgress> told = [];
        Tensor Run(int begin, int count)
        {
            using DisposeScope inner = NewDisposeScope();
            long[] seeds = [.. Enumerable.Range(begin, count)];
            return sampler.Sample(
                (x, _, _) => x.sin(), SeededNoise.Images(seeds, Shape),
                increments: step => SeededNoise.Increments(seeds, step, Shape),
                progress: new Listener(told),
                picture: new PictureStart(
                    data.narrow(0, begin, count), 0.75,
                    new Repainting(mask.narrow(0, begin, count), 3, draw => SeededNoise.Repainting(seeds, draw, Shape))))
                .MoveToOuterDisposeScope();
        }

        Run(0, 3).Dispose();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using Tensor together = Run(0, 3);
        Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.True(Run(1, 2).Equals(together[1..3]));
        int total = method == OdeMethod.Dopri5 ? 3 : kind == SamplerKind.Sde ? 8 : 7;
        Assert.Equal(Enumerable.Range(1, total).Select(i => new SamplingProgress(i, total)), told.Take(total));
        Assert.True(together.where(mask.logical_not(), zeros(1)).Equals(data.where(mask.logical_not(), zeros(1))));
    }

    private static Tensor Draws(int rows) => SeededNoise.Images([.. Enumerable.Range(20, rows)], Shape);

    private static void Near(Tensor expected, Tensor actual, double tolerance) =>
        Assert.InRange((expected - actual).abs().max().to(ScalarType.Float64).item<double>(), 0, tolerance);

    /// <summary>The velocity from N(centre, scale^2) to N(mean, deviation^2) in each entry.</summary>
    private static Tensor Velocity(
        Tensor x, Tensor t, double mean, double deviation, double centre = 0, double scale = 1)
    {
        double time = t[0].item<float>(), rest = 1 - time;
        double variance = (time * time * deviation * deviation) + (rest * rest * scale * scale);
        double slope = ((time * deviation * deviation) - (rest * scale * scale)) / variance;
        return x.Plus(-(time * mean) - (rest * centre)).Times(slope).Plus(mean - centre);
    }

    /// <summary>The same for pairs of a correlated Gaussian.</summary>
    private static Tensor JointVelocity(Tensor x, Tensor t, Tensor centre, double scale)
    {
        double time = t[0].item<float>(), rest = 1 - time;
        double shared = Correlation * Deviation[0] * Deviation[1];
        Tensor covariance = tensor(new[,] { { Deviation[0] * Deviation[0], shared }, { shared, Deviation[1] * Deviation[1] } });
        Tensor noise = eye(2, dtype: ScalarType.Float64).Times(scale * scale);
        Tensor total = covariance.Times(time * time).PlusScaled(rest * rest, noise);
        Tensor slope = covariance.Times(time).PlusScaled(-rest, noise).matmul(linalg.inv(total)).to(ScalarType.Float32);
        Tensor mean = tensor(Mean).to(ScalarType.Float32);
        Tensor deviation = x.PlusScaled(-time, mean).PlusScaled(-rest, centre);
        return deviation.matmul(slope.t()).Plus(mean).sub(centre);
    }

    private sealed class Listener(List<SamplingProgress> told) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => told.Add(value);
    }
}

using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>Flows from N(mean, scale^2) to N(1, 0.5^2), whose fields and densities are known.</summary>
public sealed class GaussianSourceTests
{
    private const double Centre = 1;
    private const double Spread = 0.5;
    private const double Scale = 0.3;

    [Fact]
    public void Evaluate_ExactVelocityFromARowsOwnSource_GivesTheDensityOfTheData()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(5);
        Tensor data = randn([20, 3], dtype: ScalarType.Float64, generator: generator).Times(Spread).Plus(Centre);
        Tensor means = randn([20, 3], dtype: ScalarType.Float64, generator: generator);
        Likelihood likelihood = new(FlowTransport.LinearVelocity, OdeMethod.RungeKutta4, steps: 60);
        VectorField velocity = (x, time) => Exact(
            FlowTransport.LinearVelocity, x, time, means.repeat([x.size(0) / 20, 1]));
        using LikelihoodResult result = likelihood.Evaluate(velocity, data, new GaussianSource(means, Scale));

        Tensor expected = data.Plus(-Centre).DividedBy(Spread).Squared().sum(1).Times(-0.5)
            .Plus(-3 * Math.Log(Spread * Math.Sqrt(2 * Math.PI)));
        Assert.InRange((result.LogLikelihood - expected).abs().max().item<double>(), 0, 1e-4);
        Tensor start = data.Plus(-Centre).Times(Scale / Spread).Plus(means);
        Assert.InRange((result.Noise - start).abs().max().item<double>(), 0, 1e-4);
    }

    [Theory]
    [InlineData(SdeMethod.EulerMaruyama, DiffusionForm.Linear, SdeLastStep.Mean)]
    [InlineData(SdeMethod.EulerMaruyama, DiffusionForm.Constant, SdeLastStep.Tweedie)]
    [InlineData(SdeMethod.Heun, DiffusionForm.Sigma, SdeLastStep.Euler)]
    [InlineData(SdeMethod.Heun, DiffusionForm.IncreasingDecreasing, SdeLastStep.Mean)]
    public void Sample_SdeWithTheExactVelocity_GivesTheDataForEveryDiffusion(SdeMethod method, DiffusionForm form, SdeLastStep lastStep)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(21);
        GaussianSource source = new(TensorNumbers.Full([20_000, 1], -2), Scale);
        SdeSampler sampler = new(FlowTransport.LinearVelocity, method, 150, form, 1, lastStep, 0.01);
        Tensor initial = source.Draw(randn([20_000, 1], generator: generator));
        using SolverResult result = sampler.Sample(
            (x, time) => Exact(FlowTransport.LinearVelocity, x, time, source.Mean), initial, _ => randn([20_000, 1], generator: generator),
            source: source);
        Assert.Equal(Spread, result.Final.std().item<float>(), 0.025 * Spread);
        Assert.Equal(Centre, result.Final.mean().item<float>(), 0.02);
    }

    [Theory]
    [InlineData(InterpolantKind.Linear, PredictionTarget.Velocity)]
    [InlineData(InterpolantKind.Linear, PredictionTarget.Noise)]
    [InlineData(InterpolantKind.Linear, PredictionTarget.Score)]
    [InlineData(InterpolantKind.Gvp, PredictionTarget.Velocity)]
    [InlineData(InterpolantKind.Gvp, PredictionTarget.Score)]
    [InlineData(InterpolantKind.Vp, PredictionTarget.Velocity)]
    [InlineData(InterpolantKind.Vp, PredictionTarget.Noise)]
    public void SourceOffset_OfTheFlowFromTheNullSource_IsTheFlowFromTheStatesSource(InterpolantKind kind, PredictionTarget prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(3);
        FlowTransport transport = new(InterpolantPath.Of(kind), prediction);
        Tensor states = randn([6, 2], dtype: ScalarType.Float64, generator: generator);
        Tensor mean = randn([6, 2], dtype: ScalarType.Float64, generator: generator);
        Tensor nullMean = randn([1, 2], dtype: ScalarType.Float64, generator: generator);
        SourceOffset offset = new(transport, mean.sub(nullMean));
        foreach (double time in new[] { 0.1, 0.5, 0.9 })
        {
            Tensor t = states.Filled(6, time);
            Tensor actual = offset.Prediction(Exact(transport, offset.NullState(states, t), time, nullMean), t);
            Assert.InRange((actual - Exact(transport, states, time, mean)).abs().max().item<double>(), 0, 1e-10);
        }
    }

    [Theory]
    [InlineData(OdeMethod.Heun)]
    [InlineData(OdeMethod.Dopri5)]
    public void Sample_GuidanceOfScaleZero_IsTheNullConditionsFlowFromTheMean(OdeMethod method)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = SeededNoise.Images([1, 2, 3], [2, 2]);
        Tensor mean = SeededNoise.Images([7, 8, 9], [2, 2]), nullMean = SeededNoise.Images([5], [2, 2]);

        // One network for both: 1 is told the condition, 0 is not.
        NetworkFunction network = (x, t, c) => x.sin().mul(t.view(-1, 1, 1)).Plus(c!.view(-1, 1, 1));
        SamplingOptions guided = new() { OdeMethod = method, Steps = 6, GuidanceScale = 0 };
        SamplingOptions plain = new() { OdeMethod = method, Steps = 6 };
        Tensor actual = new Sampler(FlowTransport.LinearVelocity, guided).Sample(
            network, noise, ones(3), zeros(1), source: new GaussianSource(mean, Scale, nullMean));
        Tensor expected = new Sampler(FlowTransport.LinearVelocity, plain).Sample(
            network, noise, zeros(3), source: new GaussianSource(nullMean.expand(3, 2, 2), Scale));
        double tolerance = method == OdeMethod.Dopri5 ? 2e-3 : 1e-5;
        Assert.InRange((actual - expected).abs().max().item<float>(), 0, tolerance);
    }

    [Fact]
    public void Sample_GuidanceThatDoesNotKnowTheNullSource_IsRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { GuidanceScale = 2 });
        Assert.Contains("NullMean", Assert.Throws<ArgumentException>(() => sampler.Sample(
            (x, _, _) => x, zeros(1, 2), ones(1), zeros(1), source: new GaussianSource(ones(1, 2), 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_StandardSource_SameBitsAsNone()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = SeededNoise.Images([1, 2], [2, 2]);
        foreach (SamplerKind kind in Enum.GetValues<SamplerKind>())
        {
            Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { Kind = kind, Steps = 4 });
            Tensor Run(GaussianSource? source) => sampler.Sample(
                (x, t, _) => x.sin(), noise, increments: step => SeededNoise.Increments([1, 2], step, [2, 2]), source: source,
                flowMap: target => (x, t, _) => x.sin().Times(target));
            Assert.True(Run(null).equal(Run(new GaussianSource(zeros_like(noise), 1))).all().item<bool>());
        }
    }

    /// <summary>What the best network predicts on the way from N(mean, 0.3^2) to N(1, 0.5^2), by the regression of Gaussians.</summary>
    private static Tensor Exact(FlowTransport transport, Tensor x, double time, Tensor mean)
    {
        Tensor t = x.Filled(1, time);
        InterpolantPath path = transport.Path;
        double Number(Tensor value) => value.to(ScalarType.Float64).item<double>();
        (double alpha, double alphaRate) = (Number(path.Alpha(t)), Number(path.AlphaDerivative(t)));
        (double sigma, double sigmaRate) = (Number(path.Sigma(t)), Number(path.SigmaDerivative(t)));
        double variance = (alpha * alpha * Spread * Spread) + (sigma * sigma * Scale * Scale);
        Tensor deviation = x.PlusScaled(-sigma, mean).Plus(-alpha * Centre);
        Tensor data = deviation.Times(alpha * Spread * Spread / variance).Plus(Centre);
        Tensor start = mean.PlusScaled(sigma * Scale * Scale / variance, deviation);
        return transport.Prediction switch
        {
            PredictionTarget.Velocity => data.Times(alphaRate).PlusScaled(sigmaRate, start),
            PredictionTarget.Noise => start,
            _ => start.Times(-1 / sigma),
        };
    }
}

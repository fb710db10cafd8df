using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class SdeSamplerTests
{
    private const double Spread = 0.5;

    /// <summary>
    /// The exact velocity of data N(0, 0.25) on the linear path: E[x1 - x0 | x] = x (0.25 t - (1 - t)) / (0.25 t^2 + (1 - t)^2).
    /// </summary>
    private static readonly VectorField Gaussian = (x, time) =>
    {
        double rest = 1 - time, variance = Spread * Spread;
        return x.Times(((time * variance) - rest) / ((time * time * variance) + (rest * rest)));
    };

    [Theory]
    [InlineData(SdeMethod.EulerMaruyama, DiffusionForm.Linear, SdeLastStep.Mean)]
    [InlineData(SdeMethod.EulerMaruyama, DiffusionForm.Constant, SdeLastStep.Tweedie)]
    [InlineData(SdeMethod.Heun, DiffusionForm.Linear, SdeLastStep.Euler)]
    [InlineData(SdeMethod.Heun, DiffusionForm.Decreasing, SdeLastStep.Mean)]
    [InlineData(SdeMethod.Heun, DiffusionForm.IncreasingDecreasing, SdeLastStep.Mean)]
    public void Sample_ExactVelocityOfGaussianData_GivesTheirSpreadForEveryDiffusion(
        SdeMethod method, DiffusionForm form, SdeLastStep lastStep)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(21);
        SdeSampler sampler = new(FlowTransport.LinearVelocity, method, 150, form, 1, lastStep, 0.01);
        Tensor noise = randn([20_000, 1], generator: generator);
        using SolverResult result = sampler.Sample(Gaussian, noise, _ => randn([20_000, 1], generator: generator));

        // The spread of 20,000 draws is known to 0.5 %; the step size adds about 1 %.
        Assert.Equal(Spread, result.Final.std().item<float>(), 0.02 * Spread);
        Assert.Equal(0, result.Final.mean().item<float>(), 0.015);
    }

    [Fact]
    public void Sample_WithoutDiffusion_IsTheOde()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor start = ones(2, 1, dtype: ScalarType.Float64);
        SdeSampler sampler = new(
            FlowTransport.LinearVelocity, SdeMethod.EulerMaruyama, 4, norm: 0, lastStep: SdeLastStep.Euler, lastStepSize: 0.2);
        Tensor actual = sampler.Sample(Gaussian, start, _ => ones_like(start)).Final;
        Tensor expected = new OdeSampler(OdeMethod.Euler, 5).Integrate(Gaussian, start).Final;
        Assert.InRange((actual - expected).abs().max().item<double>(), 0, 1e-12);
    }

    [Theory]
    [InlineData(SdeMethod.EulerMaruyama, SdeLastStep.None, 6)]
    [InlineData(SdeMethod.EulerMaruyama, SdeLastStep.Tweedie, 7)]
    [InlineData(SdeMethod.Heun, SdeLastStep.Mean, 13)]
    public void Sample_CountsTheEvaluationsAndAsksForNoiseOnceAStep(SdeMethod method, SdeLastStep lastStep, int evaluations)
    {
        using DisposeScope scope = NewDisposeScope();
        List<int> asked = [];
        int calls = 0;
        SdeSampler sampler = new(FlowTransport.LinearVelocity, method, 6, lastStep: lastStep);
        using SolverResult result = sampler.Sample(
            (x, t) =>
            {
                calls++;
                return x.neg();
            },
            ones(2, 3),
            step =>
            {
                asked.Add(step);
                return zeros(2, 3);
            },
            keepTrajectory: true);
        Assert.Equal(evaluations, result.Evaluations);
        Assert.Equal(evaluations, calls);
        Assert.Equal(Enumerable.Range(0, 6), asked);
        Assert.Equal(7, result.Trajectory!.size(0));
        Assert.Equal(7, result.Times.Count);
        Assert.Equal(1, result.Times[^1], 1e-12);
    }

    [Fact]
    public void Sample_TimestepShift_StillEndsAtTheData()
    {
        using DisposeScope scope = NewDisposeScope();
        SdeSampler sampler = new(FlowTransport.LinearVelocity, SdeMethod.Heun, 4, lastStepSize: 0.2, timestepShift: 0.5);
        SolverResult result = sampler.Sample(Gaussian, ones(1, 1), _ => zeros(1, 1), keepTrajectory: true);
        Assert.Equal([0.8 / 7, 0.8 / 3, 0.48, 0.8, 1], result.Times, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Constructor_SettingsThatEvaluateAnInfiniteScore_AreRefusedByName()
    {
        ArgumentException heun = Assert.Throws<ArgumentException>(
            () => new SdeSampler(FlowTransport.LinearVelocity, SdeMethod.Heun, 5, lastStep: SdeLastStep.None));
        Assert.Equal(
            "Heun without a last step evaluates the score at t = 1, where it is infinite: take a last step (Mean, Tweedie or Euler), "
                + "Euler-Maruyama, or a sample epsilon above 0 (1e-3 is usual).",
            heun.Message);
        ArgumentException sbdm = Assert.Throws<ArgumentException>(
            () => new SdeSampler(FlowTransport.LinearVelocity, SdeMethod.EulerMaruyama, 5, DiffusionForm.Sbdm));
        Assert.Contains("SBDM diffusion is infinite at t = 0 on the Linear path", sbdm.Message, StringComparison.Ordinal);
        FlowTransport noise = new(InterpolantPath.Gvp, PredictionTarget.Noise, sampleEpsilon: 0);
        Assert.Contains("Noise prediction is infinite at t = 0", Assert.Throws<ArgumentException>(
            () => new SdeSampler(noise, SdeMethod.EulerMaruyama, 5)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(InterpolantKind.Linear, PredictionTarget.Velocity, DiffusionForm.Linear, SdeMethod.EulerMaruyama, 0)]
    [InlineData(InterpolantKind.Vp, PredictionTarget.Velocity, DiffusionForm.Sbdm, SdeMethod.Heun, 0)]
    [InlineData(InterpolantKind.Linear, PredictionTarget.Score, DiffusionForm.Sbdm, SdeMethod.Heun, 1e-3)]
    [InlineData(InterpolantKind.Gvp, PredictionTarget.Noise, DiffusionForm.Sigma, SdeMethod.Heun, 1e-3)]
    public void Sample_SettingsThatAreNotRefusedWithoutALastStep_StayFinite(
        InterpolantKind kind, PredictionTarget prediction, DiffusionForm form, SdeMethod method, double epsilon)
    {
        using DisposeScope scope = NewDisposeScope();
        FlowTransport transport = new(InterpolantPath.Of(kind), prediction, sampleEpsilon: epsilon);
        SdeSampler sampler = new(transport, method, 8, form, lastStep: SdeLastStep.None);
        Tensor final = sampler.Sample((x, t) => x.neg(), ones(2, 3), _ => ones(2, 3)).Final;
        Assert.True(final.isfinite().all().item<bool>());
    }

    [Fact]
    public void Arguments_ThatAreWrong_AreNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        FlowTransport transport = FlowTransport.LinearVelocity;
        Assert.Throws<ArgumentOutOfRangeException>("lastStepSize", () => new SdeSampler(transport, SdeMethod.Heun, 5, lastStepSize: 0));
        Assert.Throws<ArgumentOutOfRangeException>("norm", () => new SdeSampler(transport, SdeMethod.Heun, 5, norm: -1));
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => new SdeSampler(transport, SdeMethod.Heun, 0));
        Assert.Throws<ArgumentOutOfRangeException>("form", () => new SdeSampler(transport, SdeMethod.Heun, 5, (DiffusionForm)8));
        SdeSampler sampler = new(transport, SdeMethod.Heun, 5);
        ArgumentException shape = Assert.Throws<ArgumentException>("noise", () => sampler.Sample(Gaussian, ones(2, 1), _ => ones(1)));
        Assert.StartsWith("The noise of step 0 is [1] for states [2, 1]", shape.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_Repeatedly_LeavesOnlyItsResult()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor start = ones(2, 1);
        foreach (SdeMethod method in Enum.GetValues<SdeMethod>())
        {
            foreach (SdeLastStep lastStep in new[] { SdeLastStep.Mean, SdeLastStep.Tweedie, SdeLastStep.Euler })
            {
                SdeSampler sampler = new(FlowTransport.LinearVelocity, method, 4, lastStep: lastStep);
                long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                using (SolverResult result = sampler.Sample(Gaussian, start, _ => ones(2, 1)))
                {
                    Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
                }

                Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }
        }
    }
}

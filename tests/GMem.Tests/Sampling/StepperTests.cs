using System.Text.Json;
using GMem.Runtime;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>What every stepper declares is true, and one from outside does all that a built-in one does.</summary>
public sealed class StepperTests
{
    private const double Spread = 0.5;

    private static readonly AdamsBashforth2 OutsideOde = new();
    private static readonly DriftNoiseDrift OutsideSde = new();

    static StepperTests()
    {
        OdeStepper.Register(OutsideOde);
        SdeStepper.Register(OutsideSde);
    }

    public static TheoryData<string> Odes => [.. OdeMethods.Registry.All.Select(stepper => stepper.Name)];

    public static TheoryData<string> Sdes => [.. SdeMethods.Registry.All.Select(stepper => stepper.Name)];

    [Fact]
    public void Registries_HoldEveryEnumMemberAndTheOutsideSteppers()
    {
        Assert.Equal(
            Enum.GetNames<OdeMethod>().Append(OutsideOde.Name).Order(StringComparer.Ordinal), OdeMethods.Registry.All.Select(s => s.Name));
        Assert.Equal(
            Enum.GetNames<SdeMethod>().Append(OutsideSde.Name).Order(StringComparer.Ordinal), SdeMethods.Registry.All.Select(s => s.Name));
        Assert.All(Enum.GetValues<OdeMethod>(), method => Assert.Equal(method.ToString(), ((OdeStepper)method).ToString()));
        Assert.All(Enum.GetValues<SdeMethod>(), method => Assert.Equal(method.ToString(), ((SdeStepper)method).ToString()));
    }

    /// <summary>dx/dt = x (1 + cos 3t), hence x(1) = x(0) exp(1 + sin(3) / 3).</summary>
    [Theory]
    [MemberData(nameof(Odes))]
    public void Order_OfEveryOdeStepper_IsThatOfItsError(string name)
    {
        OdeStepper stepper = OdeMethods.Registry.Read(name);
        double Error(OdeSampler sampler)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor start = ones(1, 1, dtype: ScalarType.Float64);
            double end = sampler.Integrate((x, t) => x.Times(1 + Math.Cos(3 * t)), start).Final.item<double>();
            return Math.Abs(end - Math.Exp(1 + (Math.Sin(3) / 3)));
        }

        if (stepper.IsAdaptive)
        {
            // An adaptive method keeps its tolerance, and a tighter one costs by the order: 1e-5 as many evaluations as 1e5 to 1 / order.
            Assert.InRange(Error(new OdeSampler(stepper, 1, 0, 1e-9, 1e-9)), 0, 1e-7);
            double growth = (double)Evaluations(stepper, 1e-12) / Evaluations(stepper, 1e-7);
            Assert.Equal(stepper.Order, Math.Log(1e5) / Math.Log(growth), 0.75);
            return;
        }

        Assert.Equal(stepper.Order, Math.Log2(Error(new OdeSampler(stepper, 100)) / Error(new OdeSampler(stepper, 200))), 0.25);
    }

    [Theory]
    [MemberData(nameof(Odes))]
    public void EvaluationsPerStepAndReach_OfEveryOdeStepper_AreWhatItTakes(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        OdeStepper stepper = OdeMethods.Registry.Read(name);
        List<double> times = [];
        SolverResult result = new OdeSampler(stepper, 5, relativeTolerance: 1e-5, absoluteTolerance: 1e-5).Integrate(
            (x, time) =>
            {
                times.Add(time);
                return x.Times(1 + Math.Cos(3 * time));
            },
            ones(2, 3, dtype: ScalarType.Float64));
        Assert.Equal(times.Count, result.Evaluations);
        if (stepper.IsAdaptive)
        {
            // Two evaluations find the first step.
            Assert.Equal(0, (times.Count - 2) % stepper.EvaluationsPerStep);
            Assert.True(times.Max() > 1 == stepper.Reach > 1);
            return;
        }

        Assert.Equal(5 * stepper.EvaluationsPerStep, times.Count);
        Assert.Equal((4 + stepper.Reach) / 5, times.Max(), 1e-12);
    }

    /// <summary>
    /// For data N(0, 0.25) the SDE is linear: its variance is the square of what becomes of 1, and of what becomes of each step's noise of
    /// 1, summed. It stays t^2 0.25 + (1 - t)^2 for every diffusion.
    /// </summary>
    [Theory]
    [MemberData(nameof(Sdes))]
    public void Order_OfEverySdeStepper_IsThatOfTheVariance(string name)
    {
        SdeStepper stepper = SdeMethods.Registry.Read(name);
        double Error(int steps)
        {
            using DisposeScope scope = NewDisposeScope();
            SdeSampler sampler = new(FlowTransport.LinearVelocity, stepper, steps, lastStep: SdeLastStep.Mean, lastStepSize: 0.2);
            Tensor units = eye(steps + 1, dtype: ScalarType.Float64);
            SolverResult result = sampler.Sample(Gaussian, units[.., ..1], step => units[.., (step + 1)..(step + 2)], keepTrajectory: true);
            Tensor reached = result.Trajectory![steps - 1];
            double end = result.Times[steps - 1];
            Assert.Equal(0.8, end, 1e-12);
            Assert.Equal((steps * stepper.EvaluationsPerStep) + 1, result.Evaluations);
            return Math.Abs((reached * reached).sum().item<double>() - ((end * end * Spread * Spread) + ((1 - end) * (1 - end))));
        }

        Assert.Equal(stepper.Order, Math.Log2(Error(200) / Error(400)), 0.25);
    }

    [Fact]
    public void OutsideStepper_InTheSampler_ShowsPreviewsAndRowsDoNotDependOnTheBatch()
    {
        using DisposeScope scope = NewDisposeScope();
        List<int> shown = [];
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { OdeMethod = OutsideOde, Steps = 6, TimestepShift = 0.3 });
        Tensor noise = SeededNoise.Images([1, 2], [3, 4]);
        SamplingPreview preview = new(2, (_, progress) => shown.Add(progress.Completed));
        Tensor both = sampler.Sample((x, t, _) => x.sin(), noise, preview: preview);
        Assert.Equal([2, 4], shown);
        Assert.True(both[1].Equals(sampler.Sample((x, t, _) => x.sin(), noise[1..])[0]));
    }

    [Fact]
    public void OutsideStepper_IntegratesManySteps_AndLeavesOnlyItsResult()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor start = ones(2, 3);
        List<long> live = [];
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (SolverResult result = new OdeSampler(OutsideOde, 30).Integrate(
            (x, _) =>
            {
                live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
                return x.neg();
            },
            start))
        {
            Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(live[4], live[^1]);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void OutsideStepper_ComputesALikelihood()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor data = tensor(new[] { 0.3, -0.7 }).view(2, 1);
        double Error(int steps)
        {
            using LikelihoodResult result = new Likelihood(FlowTransport.LinearVelocity, OutsideOde, steps).Evaluate(Gaussian, data);
            double expected = (-0.5 * 0.7 * 0.7 / (Spread * Spread)) - Math.Log(Spread * Math.Sqrt(2 * Math.PI));
            return Math.Abs(result.LogLikelihood[1].item<double>() - expected);
        }

        Assert.Equal(OutsideOde.Order, Math.Log2(Error(200) / Error(400)), 0.25);
    }

    [Fact]
    public void SamplingOptions_WithSteppers_AreSavedByTheirNames()
    {
        SamplingOptions options = new() { OdeMethod = OutsideOde, SdeMethod = OutsideSde };
        options.Validate();
        string json = JsonSerializer.Serialize(options);
        Assert.Contains("\"OdeMethod\":\"AdamsBashforth2\",\"SdeMethod\":\"DriftNoiseDrift\"", json, StringComparison.Ordinal);
        SamplingOptions loaded = JsonSerializer.Deserialize<SamplingOptions>(json)!;
        Assert.Same(OutsideOde, loaded.OdeMethod);
        Assert.Same(OutsideSde, loaded.SdeMethod);
        const string Names = """{ "OdeMethod": "RungeKutta4", "SdeMethod": "EulerMaruyama" }""";
        SamplingOptions earlier = JsonSerializer.Deserialize<SamplingOptions>(Names)!;
        Assert.Same((OdeStepper)OdeMethod.RungeKutta4, earlier.OdeMethod);
        Assert.Same((SdeStepper)SdeMethod.EulerMaruyama, earlier.SdeMethod);
    }

    [Fact]
    public void Model_SampledByAnOutsideStepper_IsSavedAndMakesTheSameImages()
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options());
        using GMemModel other = model.WithSampling(new SamplingOptions { OdeMethod = OutsideOde, Steps = 4 });
        MemoryArchive archive = new();
        other.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, CPU);
        Assert.Same(OutsideOde, loaded.Sampling.OdeMethod);
        Assert.Equal(TinyModel.Generate(other, new GenerationRequest(1)), TinyModel.Generate(loaded, new GenerationRequest(1)));
    }

    [Fact]
    public void Names_ThatAreUnknownOrTaken_AreNamed()
    {
        InvalidDataException unknown = Assert.Throws<InvalidDataException>(
            () => JsonSerializer.Deserialize<SamplingOptions>("""{ "OdeMethod": "Gragg" }"""));
        Assert.StartsWith(
            "The settings name the OdeStepper 'Gragg', which is not registered in this process; registered are AdamsBashforth2, Dopri5,",
            unknown.Message,
            StringComparison.Ordinal);
        Assert.Contains("call OdeStepper.Register", unknown.Message, StringComparison.Ordinal);
        ArgumentException taken = Assert.Throws<ArgumentException>("stepper", () => OdeStepper.Register(new Wrong("Euler")));
        Assert.StartsWith(
            "An OdeStepper named 'Euler' is registered already; every stepper needs a name of its own.",
            taken.Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SdeStepper.Register(new DriftNoiseDrift()));
        SamplingOptions options = new() { OdeMethod = new Wrong("Euler") };
        Assert.Contains("OdeStepper.Register", Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        Assert.Contains(
            "call OdeStepper.Register",
            Assert.Throws<InvalidOperationException>(() => JsonSerializer.Serialize(options)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Steppers_ThatDoNotDoWhatTheyDeclare_AreStopped()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Throws<ArgumentException>("name", () => new Wrong(" "));
        Assert.Throws<ArgumentOutOfRangeException>("order", () => new Wrong("Wrong", 0));
        Tensor start = ones(1, 2);
        InvalidOperationException count = Assert.Throws<InvalidOperationException>(
            () => new OdeSampler(new Wrong("Wrong"), 3).Integrate((x, _) => x.neg(), start));
        Assert.Equal("Wrong declares 2 evaluations a step, but step 1 took 1: give its constructor that number.", count.Message);
        InvalidOperationException same = Assert.Throws<InvalidOperationException>(
            () => new OdeSampler(new Wrong("Wrong", parts: step => step.State), 1).Integrate((x, _) => x.neg(), start));
        Assert.Contains("a step returns new tensors of the state's shapes", same.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(
            () => new OdeSampler(new Wrong("Wrong", parts: _ => [ones(1)]), 1).Integrate((x, _) => x.neg(), start));
    }

    private static Tensor Gaussian(Tensor x, double time)
    {
        double rest = 1 - time, variance = Spread * Spread;
        return x.Times(((time * variance) - rest) / ((time * time * variance) + (rest * rest)));
    }

    private static int Evaluations(OdeStepper stepper, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        return new OdeSampler(stepper, 1, 0, tolerance, tolerance)
            .Integrate((x, t) => x.Times(1 + Math.Cos(30 * t)), ones(1, 1, dtype: ScalarType.Float64)).Evaluations;
    }

    private sealed class Wrong(string name, int order = 1, Func<OdeStep, Tensor[]>? parts = null)
        : OdeStepper(name, order, evaluationsPerStep: 2)
    {
        public override Tensor[] Step(OdeStep step) => parts is null ? step.Advance((1, step.Slope(step.Start, step.State))) : parts(step);
    }
}

using GMem.Runtime;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Transport;

public sealed class InterpolantPathTests
{
    public static TheoryData<InterpolantKind> Kinds => [InterpolantKind.Linear, InterpolantKind.Gvp, InterpolantKind.Vp];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Derivatives_InTheInterior_AreThoseOfFiniteDifferences(InterpolantKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        InterpolantPath path = InterpolantPath.Of(kind);
        Tensor t = linspace(0.05, 0.95, 19, dtype: ScalarType.Float64), step = TensorNumbers.Full([19], 1e-6, ScalarType.Float64);
        Tensor Difference(Func<Tensor, Tensor> function) => (function(t.Plus(step)) - function(t - step)) / step.Times(2);
        AssertClose(Difference(path.Alpha), path.AlphaDerivative(t), 1e-8);
        AssertClose(Difference(path.Sigma), path.SigmaDerivative(t), 1e-7);
        AssertClose(Difference(x => path.Alpha(x).log()), path.AlphaLogDerivative(t), 1e-7);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ends_AreNoiseAndData(InterpolantKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        InterpolantPath path = InterpolantPath.Of(kind);
        Tensor ends = tensor(new double[] { 0, 1 });
        double[] alpha = [.. path.Alpha(ends).data<double>()], sigma = [.. path.Sigma(ends).data<double>()];

        // VP reaches pure noise only up to exp(-5.025).
        Assert.Equal(kind == InterpolantKind.Vp ? Math.Exp(-5.025) : 0, alpha[0], 1e-12);
        Assert.Equal(Math.Sqrt(1 - (alpha[0] * alpha[0])), sigma[0], 1e-12);
        Assert.Equal(1, alpha[1], 1e-12);
        Assert.Equal(0, sigma[1], 1e-12);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Conversions_OfAPointOnThePath_GiveItsNoiseScoreAndVelocity(InterpolantKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(3);
        InterpolantPath path = InterpolantPath.Of(kind);
        Tensor t = linspace(0.01, 0.99, 8, dtype: ScalarType.Float64);
        Tensor x0 = Normal(generator, 8, 2, 3), x1 = Normal(generator, 8, 2, 3);
        Tensor x = path.Interpolate(t, x0, x1), velocity = path.Velocity(t, x0, x1);
        Tensor score = x0.neg() / path.Sigma(t).view(8, 1, 1);
        AssertClose(path.NoiseFromVelocity(t, x, velocity), x0, 1e-10);
        AssertClose(path.ScoreFromVelocity(t, x, velocity), score, 1e-8);
        AssertClose(path.ScoreFromNoise(t, x0), score, 1e-10);
        AssertClose(path.VelocityFromNoise(t, x, x0), velocity, 1e-8);
        AssertClose(path.VelocityFromScore(t, x, score), velocity, 1e-8);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Rates_AreWhatTheyAreNamed(InterpolantKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        InterpolantPath path = InterpolantPath.Of(kind);
        Tensor t = linspace(0.05, 0.95, 10, dtype: ScalarType.Float64);
        Tensor sigma = path.Sigma(t), ratio = path.AlphaLogDerivative(t), slope = path.SigmaDerivative(t);
        AssertClose(path.DriftVariance(t), (ratio * sigma * sigma) - (sigma * slope), 1e-10);
        AssertClose(path.NoiseRate(t), (ratio * sigma) - slope, 1e-10);
    }

    /// <summary>The formulas of the public code lose up to three digits here; see the tolerances of the reference folder.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Conversions_InFloat32NearTheEnds_KeepTheirPrecision(InterpolantKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(4);
        InterpolantPath path = InterpolantPath.Of(kind);
        Tensor t = tensor(new[] { 1e-4f, 1e-3f, 0.999f, 0.9999f });
        Tensor x = Normal(generator, 4, 16).to(ScalarType.Float32), velocity = Normal(generator, 4, 16).to(ScalarType.Float32);
        Tensor Exact(Tensor tensor) => tensor.to(ScalarType.Float64);
        void Check(Tensor single, Tensor exact) => AssertClose(single.to(ScalarType.Float64) / exact, ones_like(exact), 2e-5);
        Check(path.Sigma(t), path.Sigma(Exact(t)));
        Check(path.SigmaDerivative(t), path.SigmaDerivative(Exact(t)));
        Check(path.NoiseRate(t), path.NoiseRate(Exact(t)));
        Check(path.DriftVariance(t), path.DriftVariance(Exact(t)));
        Check(path.NoiseFromVelocity(t, x, velocity), path.NoiseFromVelocity(Exact(t), Exact(x), Exact(velocity)));
        Check(path.ScoreFromVelocity(t, x, velocity), path.ScoreFromVelocity(Exact(t), Exact(x), Exact(velocity)));
    }

    [Theory]
    [InlineData(DiffusionForm.Constant, 0.7)]
    [InlineData(DiffusionForm.Sbdm, 0.7 * 3)]
    [InlineData(DiffusionForm.Sigma, 0.7 * 0.75)]
    [InlineData(DiffusionForm.Linear, 0.7 * 0.75)]
    [InlineData(DiffusionForm.Decreasing, 0.55873737)]
    [InlineData(DiffusionForm.IncreasingDecreasing, 0.35)]
    public void Diffusion_OfTheLinearPathAtAQuarter_HasItsValue(DiffusionForm form, double expected)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(expected, InterpolantPath.Linear.Diffusion(tensor(new[] { 0.25 }), form, 0.7).item<double>(), 1e-8);
    }

    [Fact]
    public void Methods_OneTimeForAllRows_EqualOneTimeARow()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(5);
        Tensor x = Normal(generator, 3, 2), v = Normal(generator, 3, 2), one = tensor(new[] { 0.3 }), each = one.expand(3);
        foreach (InterpolantKind kind in Kinds.Select(row => row.Data))
        {
            InterpolantPath path = InterpolantPath.Of(kind);
            AssertClose(path.ScoreFromVelocity(one, x, v), path.ScoreFromVelocity(each, x, v), 1e-14);
            AssertClose(path.Interpolate(one, x, v), path.Interpolate(each, x, v), 1e-14);
        }
    }

    [Fact]
    public void Methods_TimesThatDoNotFitTheRows_AreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        ArgumentException error = Assert.Throws<ArgumentException>(() => InterpolantPath.Gvp.Interpolate(ones(2), ones(3, 4), ones(3, 4)));
        Assert.Equal("Times [2] do not fit states [3, 4]: give one time a row, or one for all.", error.Message);
        Assert.Throws<ArgumentException>(() => InterpolantPath.Linear.ScoreFromVelocity(ones(3, 1), ones(3, 4), ones(3, 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => InterpolantPath.Of((InterpolantKind)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => InterpolantPath.Vp.Diffusion(ones(1), (DiffusionForm)9));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Methods_Called_LeaveOnlyTheirResult(InterpolantKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        InterpolantPath path = InterpolantPath.Of(kind);
        Tensor t = TensorNumbers.Full([2], 0.4), x = ones(2, 3);
        Func<Tensor>[] methods =
        [
            () => path.Alpha(t),
            () => path.AlphaDerivative(t), () => path.Sigma(t), () => path.SigmaDerivative(t), () => path.AlphaLogDerivative(t),
            () => path.DriftVariance(t),
            () => path.NoiseRate(t), () => path.DriftMean(t, x), () => path.Interpolate(t, x, x), () => path.Velocity(t, x, x),
            () => path.ScoreFromVelocity(t, x, x),
            () => path.NoiseFromVelocity(t, x, x), () => path.VelocityFromScore(t, x, x), () => path.VelocityFromNoise(t, x, x),
            () => path.ScoreFromNoise(t, x),
            .. Enum.GetValues<DiffusionForm>().Select<DiffusionForm, Func<Tensor>>(form => () => path.Diffusion(t, form, 0.5)),
        ];
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (Func<Tensor> method in methods)
        {
            method().Dispose();
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    private static Tensor Normal(Generator generator, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator);

    private static void AssertClose(Tensor actual, Tensor expected, double tolerance) =>
        Assert.InRange((actual - expected).abs().max().item<double>(), 0, tolerance);
}

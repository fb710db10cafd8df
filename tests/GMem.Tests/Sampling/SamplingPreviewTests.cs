using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>
/// Where all data are one point, the velocity is known, and the estimate of the data is that point at every time and on every path.
/// </summary>
public sealed class SamplingPreviewTests
{
    [Theory]
    [InlineData(InterpolantKind.Linear, SamplerKind.Ode, OdeMethod.Euler)]
    [InlineData(InterpolantKind.Linear, SamplerKind.Sde, OdeMethod.Euler)]
    [InlineData(InterpolantKind.Gvp, SamplerKind.Ode, OdeMethod.Midpoint)]
    [InlineData(InterpolantKind.Vp, SamplerKind.Ode, OdeMethod.Euler)]
    public void Preview_OfDataAtOnePoint_IsThatPoint(InterpolantKind kind, SamplerKind sampler, OdeMethod method)
    {
        InterpolantPath path = InterpolantPath.Of(kind);
        using Tensor point = tensor(new double[] { 0.5, -1.25, 2 }).reshape(1, 3);
        List<(double[] Estimate, SamplingProgress Progress)> shown = [];
        Sampler tested = new(new FlowTransport(path),
            new SamplingOptions { Kind = sampler, OdeMethod = method, SdeMethod = SdeMethod.EulerMaruyama, Steps = 6 });
        using Generator generator = new(5);
        using Tensor noise = randn(2, 3, dtype: float64, generator: generator);

        using Tensor result = tested.Sample(
            (x, t, _) => Velocity(path, point, x, t),
            noise,
            increments: _ => randn(2, 3, dtype: float64, generator: generator),
            preview: new SamplingPreview(2, (estimate, progress) => shown.Add((estimate.data<double>().ToArray(), progress))));

        int total = sampler == SamplerKind.Ode ? 6 : 7;
        Assert.Equal(Enumerable.Range(1, sampler == SamplerKind.Ode ? 2 : 3).Select(
            i => new SamplingProgress(2 * i, total)), shown.Select(s => s.Progress));
        double[] expected = point.data<double>().ToArray();
        Assert.All(shown, s => Assert.All(s.Estimate.Zip([.. expected, .. expected]), pair => Assert.Equal(pair.Second, pair.First, 1e-6)));
    }

    [Fact]
    public void Preview_OfDopri5_IsNotGiven()
    {
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { OdeMethod = OdeMethod.Dopri5 });
        using Tensor noise = ones(1, 3);
        using Tensor result = sampler.Sample(
            (x, _, _) => x.clone(), noise, preview: new SamplingPreview(1, (_, _) => Assert.Fail("no preview is made row by row")));
        Assert.True(result.isfinite().all().item<bool>());
    }

    [Fact]
    public void Constructor_NoSteps_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingPreview(0, (_, _) => { }));

    /// <summary>alpha' x1 + sigma' x0, with the noise that leads to x.</summary>
    private static Tensor Velocity(InterpolantPath path, Tensor point, Tensor x, Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor Column(Tensor coefficient) => coefficient.reshape(-1, 1);
        Tensor noise = x.sub(Column(path.Alpha(t)).mul(point)).div(Column(path.Sigma(t)));
        return Column(path.AlphaDerivative(t)).mul(point).Plus(Column(path.SigmaDerivative(t)).mul(noise)).MoveToOuterDisposeScope();
    }
}

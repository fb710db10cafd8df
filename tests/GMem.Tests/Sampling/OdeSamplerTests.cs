using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class OdeSamplerTests
{
    /// <summary>dx/dt = x (1 + cos 3t), hence x(1) = x(0) exp(1 + sin(3) / 3).</summary>
    private static readonly double Growth = Math.Exp(1 + (Math.Sin(3) / 3));

    private static readonly VectorField Field = (x, time) => x.Times(Math.Cos(3 * time) + 1);

    [Theory]
    [InlineData(OdeMethod.Euler, 1)]
    [InlineData(OdeMethod.Heun, 2)]
    [InlineData(OdeMethod.Midpoint, 2)]
    [InlineData(OdeMethod.Heun3, 3)]
    [InlineData(OdeMethod.RungeKutta4, 4)]
    public void Integrate_HalvedSteps_ReduceTheErrorByTheOrder(OdeMethod method, int order)
    {
        double coarse = Error(new OdeSampler(method, 100)), fine = Error(new OdeSampler(method, 200));
        Assert.Equal(order, Math.Log2(coarse / fine), 0.25);
    }

    [Theory]
    [InlineData(OdeMethod.Euler, 1)]
    [InlineData(OdeMethod.Heun, 2)]
    [InlineData(OdeMethod.Heun3, 3)]
    [InlineData(OdeMethod.Midpoint, 2)]
    [InlineData(OdeMethod.RungeKutta4, 4)]
    public void Integrate_FixedSteps_CountsTheEvaluations(OdeMethod method, int each)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(7 * each, new OdeSampler(method, 7).Integrate(Field, ones(2, 3)).Evaluations);
    }

    [Theory]
    [InlineData(1e-3)]
    [InlineData(1e-6)]
    [InlineData(1e-9)]
    public void Integrate_Dopri5_KeepsItsTolerance(double tolerance)
    {
        double error = Error(new OdeSampler(OdeMethod.Dopri5, 1, relativeTolerance: tolerance, absoluteTolerance: tolerance));
        Assert.InRange(error, 0, 20 * tolerance);
    }

    [Fact]
    public void Integrate_Dopri5Trajectory_IsDense()
    {
        using DisposeScope scope = NewDisposeScope();
        OdeSampler sampler = new(OdeMethod.Dopri5, 40, relativeTolerance: 1e-7, absoluteTolerance: 1e-9);
        SolverResult result = sampler.Integrate(Field, ones(1, 1, dtype: ScalarType.Float64), keepTrajectory: true);
        for (int i = 0; i <= 40; i++)
        {
            double t = i / 40.0;
            Assert.Equal(t, result.Times[i], 1e-12);
            Assert.Equal(Math.Exp(t + (Math.Sin(3 * t) / 3)), result.Trajectory![i].item<double>(), 1e-5);
        }

        Assert.True(result.Evaluations < 40 * 6, "the points of the trajectory must not shorten the steps");
    }

    [Theory]
    [InlineData(OdeMethod.RungeKutta4)]
    [InlineData(OdeMethod.Dopri5)]
    public void Integrate_ThereAndBack_IsTheIdentity(OdeMethod method)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor start = tensor(new[] { 0.5, -2 }).view(1, 2);
        OdeSampler sampler = new(method, 60, relativeTolerance: 1e-8, absoluteTolerance: 1e-10);
        Tensor data = sampler.Integrate(Field, start).Final;
        Tensor back = sampler.Integrate(Field, data, FlowTransport.LinearVelocity.IntegrationInterval(false, reverse: true)).Final;
        Assert.InRange((back - start).abs().max().item<double>(), 0, 1e-6);
    }

    [Fact]
    public void Integrate_TimestepShift_MovesTheGridAndKeepsItsEnds()
    {
        using DisposeScope scope = NewDisposeScope();
        SolverResult result = new OdeSampler(OdeMethod.Euler, 4, timestepShift: 0.3).Integrate(Field, ones(1, 1), keepTrajectory: true);
        Assert.Equal([0, 0.075 / 0.825, 0.15 / 0.65, 0.225 / 0.475, 1], result.Times, (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Equal(1, result.Times[^1]);
    }

    [Theory]
    [InlineData(OdeMethod.Heun)]
    [InlineData(OdeMethod.Dopri5)]
    public void Integrate_Repeatedly_LeavesOnlyItsResult(OdeMethod method)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor start = ones(2, 3);
        OdeSampler sampler = new(method, 5);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 3; i++)
        {
            using (SolverResult result = sampler.Integrate((x, t) => x.neg(), start, keepTrajectory: i == 1))
            {
                Assert.Equal(before + (i == 1 ? 2 : 1), DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }

            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.True(start.IsEqualTo(1).all().item<bool>(), "the initial state belongs to the caller");
    }

    [Fact]
    public void Integrate_ManySteps_HoldsNoMoreTensorsThanAFew()
    {
        using DisposeScope scope = NewDisposeScope();
        List<long> live = [];
        VectorField watched = (x, t) =>
        {
            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            return x.neg();
        };
        new OdeSampler(OdeMethod.Heun, 30).Integrate(watched, ones(2, 3));
        Assert.Equal(live[4], live[^2]);
        Assert.Equal(live[5], live[^1]);
    }

    [Fact]
    public void Integrate_WhatCannotBeIntegrated_IsRefusedByName()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor start = ones(1, 2);
        OdeSampler adaptive = new(OdeMethod.Dopri5, 1);
        Assert.Contains("not a number", Assert.Throws<InvalidOperationException>(
            () => adaptive.Integrate((x, t) => x.Times(double.NaN), start)).Message, StringComparison.Ordinal);
        Assert.Contains("shape", Assert.Throws<InvalidOperationException>(
            () => adaptive.Integrate((x, t) => ones(1, 3), start)).Message, StringComparison.Ordinal);
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => adaptive.Integrate(Field, start, cancellationToken: cancelled.Token));
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => new OdeSampler(OdeMethod.Euler, 0));
        Assert.Throws<ArgumentOutOfRangeException>("shift", () => new OdeSampler(OdeMethod.Euler, 1, -0.3));
        Assert.Throws<ArgumentOutOfRangeException>("method", () => new OdeSampler((OdeMethod)77, 1));
        Assert.Throws<ArgumentOutOfRangeException>("relativeTolerance", () => new OdeSampler(OdeMethod.Dopri5, 1, relativeTolerance: 0));
    }

    private static double Error(OdeSampler sampler)
    {
        using DisposeScope scope = NewDisposeScope();
        return Math.Abs(sampler.Integrate(Field, ones(1, 1, dtype: ScalarType.Float64)).Final.item<double>() - Growth) / Growth;
    }
}

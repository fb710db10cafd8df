using GMem.Runtime;
using GMem.Sampling;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly long[] Shape = [3, 5, 5];

    private static readonly NetworkFunction Network = (x, t, c) =>
        (x * t.view(-1, 1, 1, 1).Plus(0.3)).sin_().PlusInPlace(c!.view(-1, 1, 1, 1)).PlusScaledInPlace(0.1, x.roll(1, 3));

    public static TheoryData<SamplerKind, OdeMethod, SdeMethod, InterpolantKind, PredictionTarget> Settings
    {
        get
        {
            TheoryData<SamplerKind, OdeMethod, SdeMethod, InterpolantKind, PredictionTarget> data = [];
            foreach (OdeMethod method in Enum.GetValues<OdeMethod>())
            {
                data.Add(SamplerKind.Ode, method, default, InterpolantKind.Linear, PredictionTarget.Velocity);
            }

            data.Add(SamplerKind.Ode, OdeMethod.Heun, default, InterpolantKind.Gvp, PredictionTarget.Noise);
            data.Add(SamplerKind.Sde, default, SdeMethod.EulerMaruyama, InterpolantKind.Linear, PredictionTarget.Velocity);
            data.Add(SamplerKind.Sde, default, SdeMethod.Heun, InterpolantKind.Gvp, PredictionTarget.Velocity);
            data.Add(SamplerKind.Sde, default, SdeMethod.Heun, InterpolantKind.Vp, PredictionTarget.Score);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Sample_ARow_IsTheSameToTheBitInEveryBatch(
        SamplerKind kind, OdeMethod ode, SdeMethod sde, InterpolantKind path, PredictionTarget prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        SamplingOptions options =
            new() { Kind = kind, OdeMethod = ode, SdeMethod = sde, Steps = 6, GuidanceScale = 2, GuidanceIntervalStart = 0.4 };
        Sampler sampler = new(new FlowTransport(InterpolantPath.Of(path), prediction), options);
        long[] seeds = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        using Tensor together = Sample(sampler, seeds);
        for (int i = 0; i < seeds.Length; i++)
        {
            using Tensor alone = Sample(sampler, [seeds[i]]);
            Assert.True(alone[0].Equals(together[i]), $"row {i}");
        }

        using Tensor several = Sample(sampler, seeds[3..6]);
        Assert.True(several.Equals(together[3..6]), "three rows");
        Assert.True(together.isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Sample_Repeatedly_LeavesOnlyItsResult(
        SamplerKind kind, OdeMethod ode, SdeMethod sde, InterpolantKind path, PredictionTarget prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        Sampler sampler = new(new FlowTransport(InterpolantPath.Of(path), prediction),
            new SamplingOptions { Kind = kind, OdeMethod = ode, SdeMethod = sde, Steps = 3, GuidanceScale = 2 });
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 3; i++)
        {
            Sample(sampler, [1, 2]).Dispose();
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Fact]
    public void Sample_Defaults_CostFiftyEvaluationsAndFindTheData()
    {
        // The exact velocity of data N(0, 0.25) halves the noise.
        using DisposeScope scope = NewDisposeScope();
        int calls = 0;
        NetworkFunction exact = (x, t, _) =>
        {
            calls++;
            Tensor time = t.view(-1, 1, 1, 1), rest = time.OneMinus();
            return x * (time.Times(0.25) - rest) / (time * time).Times(0.25).Plus(rest * rest);
        };
        Tensor noise = SeededNoise.Images([3], Shape);
        Tensor data = new Sampler(FlowTransport.LinearVelocity, new SamplingOptions()).Sample(exact, noise);
        Assert.Equal(50, calls);
        Assert.InRange((data - noise.DividedBy(2)).abs().max().item<float>(), 0, 5e-3);
    }

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.0)]
    [InlineData(3, 0.3)]
    public void Sample_ExactFlowMap_FindsTheDataInAnyNumberOfSteps(int steps, double shift)
    {
        // Of data N(0, 0.25) the flow from t to r multiplies a state by g(r) / g(t).
        static double Width(double t) => Math.Sqrt(((1 - t) * (1 - t)) + (0.25 * t * t));
        using DisposeScope scope = NewDisposeScope();
        List<(double From, double To)> calls = [];
        Tensor noise = SeededNoise.Images([3, 4], Shape);
        Sampler sampler = new(
            FlowTransport.LinearVelocity, new SamplingOptions { Kind = SamplerKind.FlowMap, Steps = steps, TimestepShift = shift });

        Tensor data = sampler.Sample(Network, noise, ones(2), flowMap: target => (x, t, _) =>
        {
            double time = t[0].item<float>();
            calls.Add((time, target));
            return x.Times(((Width(target) / Width(time)) - 1) / (target - time));
        });

        Assert.InRange((data - noise.DividedBy(2)).abs().max().item<float>(), 0, 2e-6);
        Assert.Equal(steps, calls.Count);
        Assert.Equal(1, calls[^1].To);
        Assert.All(calls.Zip(calls.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From, 1e-7));
    }

    [Fact]
    public void Sample_FlowMap_WhatItCannotDoIsNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        SamplingOptions options = new() { Kind = SamplerKind.FlowMap, Steps = 2 };
        Sampler sampler = new(FlowTransport.LinearVelocity, options);
        Assert.Throws<ArgumentNullException>("flowMap", () => sampler.Sample(Network, zeros([1, .. Shape]), ones(1)));
        Assert.Contains("set Sampling.Kind to Ode", Assert.Throws<InvalidOperationException>(
            () => sampler.Invert(Network, zeros([1, .. Shape]), ones(1))).Message, StringComparison.Ordinal);
        FlowTransport ofNoise = new(InterpolantPath.Linear, PredictionTarget.Noise);
        Assert.Contains("predicts the Noise on Linear", Assert.Throws<ArgumentException>(
            () => new Sampler(ofNoise, options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_Progress_CountsStepsOrRows()
    {
        using DisposeScope scope = NewDisposeScope();
        List<SamplingProgress> Told(SamplingOptions options)
        {
            Recorder recorder = new();
            Sample(new Sampler(FlowTransport.LinearVelocity, options), [1, 2, 3], recorder);
            return recorder.Told;
        }

        Assert.Equal([new(1, 2), new(2, 2)], Told(new SamplingOptions { Steps = 2 }));
        Assert.Equal([new(1, 3), new(2, 3), new(3, 3)], Told(new SamplingOptions { Kind = SamplerKind.Sde, Steps = 2 }));
        Assert.Equal([new(1, 3), new(2, 3), new(3, 3)], Told(new SamplingOptions { OdeMethod = OdeMethod.Dopri5 }));
    }

    [Theory]
    [InlineData(SamplerKind.Ode)]
    [InlineData(SamplerKind.Sde)]
    public void Sample_CancelledInTheMiddle_StopsAndLeavesNothing(SamplerKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using CancellationTokenSource source = new();
        Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { Kind = kind, Steps = 5 });
        Tensor noise = SeededNoise.Images([1], Shape), condition = ones(1);
        int calls = 0;
        NetworkFunction cancelling = (x, t, c) =>
        {
            if (++calls == 3)
            {
                source.Cancel();
            }

            return x.neg();
        };
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Throws<OperationCanceledException>(() => sampler.Sample(
            cancelling, noise, condition, increments: step => SeededNoise.Increments([1], step, Shape), cancellationToken: source.Token));
        Assert.Equal(4, calls);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Sample_WhatIsMissing_IsNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = zeros([2, .. Shape]);
        Sampler sde = new(FlowTransport.LinearVelocity, SamplingOptions.PublicSde());
        Assert.True(sde.NeedsIncrements);
        Assert.Throws<ArgumentNullException>("increments", () => sde.Sample(Network, noise, ones(2)));
        Sampler guided = new(FlowTransport.LinearVelocity, new SamplingOptions { GuidanceScale = 3 });
        Assert.True(guided.NeedsNullCondition);
        Assert.Throws<ArgumentException>("nullCondition", () => guided.Sample(Network, noise, ones(2)));
        Assert.Throws<ArgumentException>("condition", () => guided.Sample(Network, noise, ones(3), ones(1)));
        Assert.Throws<ArgumentException>("noise", () => guided.Sample(Network, zeros(0, 3), ones(0), ones(1)));
    }

    [Fact]
    public void Constructor_OdeThatMeetsAnInfiniteDrift_IsRefusedByName()
    {
        FlowTransport vp = new(InterpolantPath.Vp, PredictionTarget.Noise);
        ArgumentException error = Assert.Throws<ArgumentException>(
            "options", () => new Sampler(vp, new SamplingOptions { OdeMethod = OdeMethod.Dopri5 }));
        Assert.StartsWith("The drift of a Noise prediction is infinite at t = 1 on the Vp path, and Dopri5 steps beyond the end of the "
            + "interval: take a fixed-step method.", error.Message, StringComparison.Ordinal);
        FlowTransport linear = new(InterpolantPath.Linear, PredictionTarget.Score, sampleEpsilon: 0);
        Assert.Contains("infinite at t = 0", Assert.Throws<ArgumentException>(
            "options", () => new Sampler(linear, new SamplingOptions())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Sampler(FlowTransport.LinearVelocity, new SamplingOptions { Steps = 0 }));
    }

    [Fact]
    public void Constructor_OptionsChangedLater_HaveNoEffect()
    {
        using DisposeScope scope = NewDisposeScope();
        SamplingOptions options = new() { Steps = 2 };
        Sampler sampler = new(FlowTransport.LinearVelocity, options);
        options = options with { Steps = 50 };
        Recorder recorder = new();
        Sample(sampler, [1], recorder);
        Assert.Equal(2, recorder.Told.Count);
    }

    private static Tensor Sample(Sampler sampler, long[] seeds, IProgress<SamplingProgress>? progress = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor condition = tensor(seeds.Select(seed => seed * 0.01f).ToArray());
        return sampler.Sample(
            Network, SeededNoise.Images(seeds, Shape), condition, zeros(1), step =>
                SeededNoise.Increments(seeds, step, Shape), progress).MoveToOuterDisposeScope();
    }

    private sealed class Recorder : IProgress<SamplingProgress>
    {
        public List<SamplingProgress> Told { get; } = [];

        public void Report(SamplingProgress value) => Told.Add(value);
    }
}

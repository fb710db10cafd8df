using GMem.Runtime;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Tests.Transport;

public sealed class FlowTransportTests
{
    [Fact]
    public void Plan_PredictionsOtherThanTheVelocity_DoNotPayForIt()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor t = TensorNumbers.Full([2], 0.5), x = ones(2, 3);
        Assert.NotNull(FlowTransport.LinearVelocity.Plan(t, x, x).Velocity);
        Assert.Null(new FlowTransport(InterpolantPath.Linear, PredictionTarget.Noise).Plan(t, x, x).Velocity);
    }

    [Theory]
    [InlineData(PredictionTarget.Velocity, LossWeighting.Velocity)]
    [InlineData(PredictionTarget.Noise, LossWeighting.None)]
    [InlineData(PredictionTarget.Noise, LossWeighting.Velocity)]
    [InlineData(PredictionTarget.Score, LossWeighting.Likelihood)]
    public void Loss_OfTheTruth_IsZeroAndOfAnErrorItsSquare(PredictionTarget prediction, LossWeighting weighting)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(1);
        FlowTransport transport = new(InterpolantPath.Gvp, prediction, weighting);
        Tensor t = transport.SampleTimes(4, TimeDistribution.Uniform, generator, ScalarType.Float64);
        Tensor x0 = randn([4, 3, 2], dtype: ScalarType.Float64, generator: generator),
            x1 = randn([4, 3, 2], dtype: ScalarType.Float64, generator: generator);
        TransportPlan plan = transport.Plan(t, x0, x1);
        Tensor sigma = transport.Path.Sigma(t).view(4, 1, 1);
        Tensor truth = prediction switch
        {
            PredictionTarget.Velocity => plan.Velocity!,
            PredictionTarget.Noise => x0,
            _ => x0.neg() / sigma,
        };
        Assert.InRange(TransportLoss.Error(transport, plan, truth).max().item<double>(), 0, 1e-20);

        // A prediction wrong by 1 everywhere, against the weights as the papers write them.
        Tensor ratio = transport.Path.DriftVariance(t), s = transport.Path.Sigma(t);
        Tensor weight = prediction == PredictionTarget.Velocity ? ones_like(t) : weighting switch
        {
            LossWeighting.Velocity => (ratio / s).Squared(),
            LossWeighting.Likelihood => ratio / s.Squared(),
            _ => ones_like(t),
        };
        Tensor expected = prediction == PredictionTarget.Score ? weight * s.Squared() : weight;
        Tensor actual = TransportLoss.Error(transport, plan, truth.Plus(1));
        Assert.InRange((actual / expected).Plus(-1).abs().max().item<double>(), 0, 1e-9);
    }

    [Fact]
    public void Losses_OfParallelAndOppositeVectors_AreTheirBounds()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(2);
        Tensor x0 = randn([2, 3, 2, 2], generator: generator), x1 = randn([2, 3, 2, 2], generator: generator);
        TransportPlan plan = FlowTransport.LinearVelocity.Plan(TensorNumbers.Full([2], 0.5), x0, x1);
        Assert.Equal(0, TransportLoss.Cosine(plan, plan.Velocity!.Times(3)).max().item<float>(), 1e-6);
        Assert.Equal(2, TransportLoss.Cosine(plan, plan.Velocity!.Times(-2)).min().item<float>(), 1e-6);
        Tensor tokens = randn([2, 5, 4], generator: generator);
        Assert.Equal(-1, TransportLoss.Projection(tokens.Times(7), tokens).item<float>(), 1e-6);
        Assert.Equal(1, TransportLoss.Projection(-tokens, tokens).item<float>(), 1e-6);
    }

    [Fact]
    public void Losses_Differentiated_ReachThePrediction()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (PredictionTarget prediction in Enum.GetValues<PredictionTarget>())
        {
            FlowTransport transport = new(InterpolantPath.Vp, prediction, LossWeighting.Likelihood);
            TransportPlan plan = transport.Plan(TensorNumbers.Full([2], 0.5), ones(2, 3), zeros(2, 3));
            Tensor output = TensorNumbers.Full([2, 3], 0.3).requires_grad_(true);
            TransportLoss.Error(transport, plan, output).mean().backward();
            Assert.True(output.grad!.abs().min().item<float>() > 0);
        }
    }

    [Fact]
    public void DriftAndScore_OfTheThreePredictionsOfOnePoint_Agree()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(6);
        Tensor t = tensor(new[] { 0.2, 0.7 }), x0 = randn(
            [2, 3], dtype: ScalarType.Float64, generator: generator), x1 = randn([2, 3], dtype: ScalarType.Float64, generator: generator);
        InterpolantPath path = InterpolantPath.Gvp;
        Tensor x = path.Interpolate(t, x0, x1), velocity = path.Velocity(t, x0, x1), score = path.ScoreFromNoise(t, x0);
        foreach ((PredictionTarget prediction, Tensor output) in new[]
        {
            (PredictionTarget.Velocity, velocity), (PredictionTarget.Noise, x0), (PredictionTarget.Score, score),
        })
        {
            FlowTransport transport = new(path, prediction);
            Assert.InRange((transport.Drift(output, x, t) - velocity).abs().max().item<double>(), 0, 1e-12);
            Assert.InRange((transport.Score(output, x, t) - score).abs().max().item<double>(), 0, 1e-12);
            for (int row = 0; row < 2; row++)
            {
                Tensor own = output[row].unsqueeze(0);
                Tensor drift = transport.DriftOf((_, _) => own.clone())(x[row].unsqueeze(0), t[row].item<double>());
                Assert.InRange((drift - velocity[row]).abs().max().item<double>(), 0, 1e-12);
            }
        }
    }

    [Fact]
    public void SampleTimes_WithAnEpsilon_StayInTheTrainingInterval()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(1);
        FlowTransport transport = new(InterpolantPath.Linear, PredictionTarget.Noise, trainEpsilon: 0.25);
        Tensor t = transport.SampleTimes(4000, TimeDistribution.Uniform, generator);
        Assert.InRange(t.min().item<float>(), 0.25f, 0.252f);
        Assert.InRange(t.max().item<float>(), 0.748f, 0.75f);
    }

    [Fact]
    public void Arguments_ThatAreWrong_AreNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Throws<ArgumentOutOfRangeException>("trainEpsilon", () => new FlowTransport(InterpolantPath.Linear, trainEpsilon: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>("sampleEpsilon", () => new FlowTransport(InterpolantPath.Linear, sampleEpsilon: 0.5));
        Assert.Throws<ArgumentOutOfRangeException>("prediction", () => new FlowTransport(InterpolantPath.Linear, (PredictionTarget)7));
        Assert.Throws<ArgumentOutOfRangeException>(
            "lastStepSize", () => FlowTransport.LinearVelocity.IntegrationInterval(true, lastStepSize: 1));
        ArgumentException shapes = Assert.Throws<ArgumentException>(
            () => FlowTransport.LinearVelocity.Plan(ones(2), ones(2, 3), ones(2, 4)));
        Assert.Equal("The noise is [2, 3] and the data [2, 4]; they must have the same shape.", shapes.Message);
        TransportPlan noise = new FlowTransport(InterpolantPath.Linear, PredictionTarget.Noise).Plan(ones(2), ones(2, 3), ones(2, 3));
        Assert.Contains("no velocity", Assert.Throws<ArgumentException>(
            () => TransportLoss.Cosine(noise, ones(2, 3))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TransportLoss.Error(FlowTransport.LinearVelocity, noise, ones(2, 4)));
        Assert.Throws<ArgumentException>(() => TransportLoss.Projection(ones(2, 3, 4), ones(2, 3, 5)));
    }

    [Fact]
    public void Losses_Called_LeaveOnlyTheirResult()
    {
        using DisposeScope scope = NewDisposeScope();
        FlowTransport transport = new(InterpolantPath.Vp, PredictionTarget.Score, LossWeighting.Likelihood);
        Tensor t = TensorNumbers.Full([2], 0.5), x = ones(2, 3);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 3; i++)
        {
            TransportPlan plan = FlowTransport.LinearVelocity.Plan(t, x, x);
            TransportLoss.Error(FlowTransport.LinearVelocity, plan, x).Dispose();
            TransportLoss.Cosine(plan, x).Dispose();
            TransportLoss.Error(transport, plan, x).Dispose();
            TransportLoss.Projection(x, x).Dispose();
            transport.Score(x, x, t).Dispose();
            transport.Drift(x, x, t).Dispose();
            plan.State.Dispose();
            plan.Velocity!.Dispose();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}

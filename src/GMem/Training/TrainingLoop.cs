using GMem.Backbone;
using GMem.Runtime;
using GMem.Transport;
using TorchSharp;

namespace GMem.Training;

/// <summary>
/// The training loop. Everything a step draws at random is a function of (seed, step), so any step can be replayed; what
/// survives from step to step is the optimizer's flat buffers and the step's number.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private readonly SiT _network;
    private readonly SiTOptions _shape;
    private readonly TrainingSet _set;
    private readonly TrainingOptions _options;
    private readonly torch.Device _device;
    private readonly FlowTransport _transport;
    private readonly TrainingLoss _loss;
    private readonly BatchOrder _order;
    private readonly FlatParameters _parameters;
    private readonly FlatAdamW _optimizer;

    public TrainingLoop(SiT network, TrainingSet set, TrainingOptions options, torch.Device device)
    {
        _network = network;
        _shape = network.Options;
        _set = set;
        _options = options;
        _device = device;
        _transport = options.CreateTransport();
        _loss = new TrainingLoss(_transport, options);
        _order = new BatchOrder(set.Count, options.BatchSize, options.Seed);
        _parameters = new FlatParameters(network.TrainableParameters());
        _optimizer = new FlatAdamW(_parameters, new AdamWSettings(options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay), options.MaxGradientNorm);
    }

    /// <summary>Told where the time of each step goes; null outside benchmarks.</summary>
    internal StepClock? Clock { get; set; }

    /// <summary>Trains to the last step.</summary>
    /// <param name="progress">Told every so many steps, on this thread.</param>
    /// <param name="cancellationToken">Stops at the next step.</param>
    public void Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        _network.train();
        using ProgressMeter meter = new(_options, _set.Count, _device);
        for (long step = 0; step < _options.TotalSteps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();

            (LossTerms loss, torch.Tensor norm) = Step(step);

            // Report; the only place where the host waits for the device.
            meter.Add(loss);
            if (meter.IsDue(step))
            {
                TrainingProgress report = meter.Report(step, norm, _options.LearningRate);
                progress?.Report(report);
            }
        }
    }

    /// <summary>One step. The results live in the caller's scope.</summary>
    /// <param name="step">Its number, from 0; everything drawn at random follows from it.</param>
    /// <returns>The loss and the gradient's norm before clipping.</returns>
    internal (LossTerms Loss, torch.Tensor GradientNorm) Step(long step)
    {
        long start = StepClock.Now;

        // Batch: images, snippets, times and noise, all from (seed, step).
        StepDraws draws = Draw(step);
        start = Clock?.Add(StepClock.Data, start) ?? 0;

        // Loss and gradient.
        _parameters.ZeroGradients();
        LossTerms loss = _loss.Compute(_network, draws.Data, draws.Noise, draws.Time, draws.Condition, draws.Tokens);
        start = Clock?.Add(StepClock.Forward, start) ?? 0;
        loss.Total.backward();
        start = Clock?.Add(StepClock.Backward, start) ?? 0;

        // Clip, AdamW and moving average, one pass.
        torch.Tensor norm = _optimizer.Update(_options.LearningRate, AverageDecay(step));
        _ = Clock?.Add(StepClock.Optimizer, start);
        return (loss, norm);
    }

    /// <summary>Puts the moving average into the network, which is what generates.</summary>
    public void UseAverage()
    {
        using IDisposable noGrad = torch.no_grad();
        _ = _parameters.Weights.copy_(_optimizer.Average);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _parameters.Dispose();
    }

    private StepDraws Draw(long step)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(_options.Seed, RandomPurpose.TrainingStep, step);
        int batch = _options.BatchSize;
        bool[] mirrored = Mirrored(generator, batch);
        torch.Tensor time = _transport.SampleTimes(batch, _options.TimeDistribution, generator);
        TrainingBatch set = _set.Batch(_order.Indices(step), mirrored, step);
        torch.Tensor noise = torch.randn(set.Data.shape, dtype: torch.float32, generator: generator).to(_device);
        torch.Tensor? condition = Masked(set.Condition, generator);
        return new StepDraws(
            set.Data.MoveToOuterDisposeScope(),
            noise.MoveToOuterDisposeScope(),
            time.to(_device).MoveToOuterDisposeScope(),
            condition?.MoveToOuterDisposeScope(),
            set.Tokens?.MoveToOuterDisposeScope());
    }

    /// <summary>The condition with a part of it hidden: entries of snippets, or whole labels.</summary>
    private torch.Tensor? Masked(torch.Tensor? condition, torch.Generator generator) => condition is null ? null
        : _shape.Condition == ConditionKind.Label ? ConditionDropout.DropLabels(condition, _shape.ClassCount, _shape.LabelDropout, generator)
        : ConditionDropout.DropEntries(condition, _shape.SnippetDropout, generator);

    /// <summary>Drawn in every case, so that switching mirroring on changes no other number.</summary>
    private bool[] Mirrored(torch.Generator generator, int batch)
    {
        using torch.Tensor uniform = torch.rand(batch, generator: generator);
        float[] u = uniform.data<float>().ToArray();
        return Array.ConvertAll(u, x => _set.CanMirror && x < 0.5f);
    }

    /// <summary>The decay at a step: constant, or warmed up so that a short run's average is not still its initial weights.</summary>
    private double AverageDecay(long step) => _options.EmaWarmUp
        ? Math.Min(_options.EmaDecay, (1.0 + step) / (10.0 + step))
        : _options.EmaDecay;

    private readonly record struct StepDraws(torch.Tensor Data, torch.Tensor Noise, torch.Tensor Time, torch.Tensor? Condition, torch.Tensor? Tokens);
}

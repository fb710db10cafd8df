using GMem.Backbone;
using GMem.Distributed;
using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// The training loop. Everything a step draws at random is a function of (seed, step), so any step can be replayed; what
/// survives from step to step is in <see cref="TrainingState"/>. To continue a run, run it again.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private readonly SiT _network;
    private readonly TrainingLoss _loss;
    private readonly TrainingOptions _options;
    private readonly torch.Device _device;
    private readonly TrainingWorkspace? _workspace;
    private readonly ImageSplit _split;
    private readonly BatchDraw _draw;
    private readonly GradientTeam? _team;
    private readonly BatchGradient _gradient;
    private readonly LearningRates _learningRates;
    private readonly TrainingState _state;
    private readonly ICheckpointStore _store;
    private readonly CheckpointSchedule _checkpoints;
    private readonly TrainingMessages _messages;
    private readonly DivergenceGuard _guard;
    private readonly RankGroup _ranks;
    private readonly ValidationLoss _validation;
    private readonly QualityWatch? _quality;
    private TrainingProgress? _lastReport;
    private StepFlags _agreed;
    private bool _handlerFailed;

    /// <param name="network">Trained in place.</param>
    /// <param name="set">The data.</param>
    /// <param name="options">How.</param>
    /// <param name="device">Where the network is.</param>
    /// <param name="workspace">Where checkpoints and logs go; null keeps none.</param>
    /// <param name="source">What the flow starts from; null for N(0, I).</param>
    /// <param name="ranks">Who trains together; null for this process alone.</param>
    /// <param name="quality">Measures samples of the network as it is; null where <see cref="TrainingOptions.Quality"/> is.</param>
    /// <exception cref="ArgumentException">The ranks do not divide the shards.</exception>
    public TrainingLoop(
        SiT network, TrainingSet set, TrainingOptions options, torch.Device device, TrainingWorkspace? workspace = null,
        RidgeSource? source = null, RankGroup? ranks = null, Func<QualityMeasurement>? quality = null)
    {
        _ranks = ranks ?? RankGroup.Alone;
        ShardPlan plan = ShardPlan.Of(options, device, _ranks);
        FlowTransport transport = options.CreateTransport();
        TrainingLoss loss = new(transport, options.TermsFor(network.Options, set.Tokens is not null));
        _network = network;
        _loss = loss;
        _options = options;
        _device = device;
        _workspace = workspace;
        _split = new ImageSplit(set.Count, options.ValidationFraction, options.Seed);
        _draw = new BatchDraw(set, _split.Training, network.Options, transport, options, device, source);
        _learningRates = new LearningRates(options);
        _state = new TrainingState(network, options, _ranks);
        _team = device.type == DeviceType.CPU ? new GradientTeam(network, _state.Parameters, plan) : null;
        _gradient = new BatchGradient(network, loss, options, device, plan, _team);
        _validation = new ValidationLoss(network, set, _split.Validation, loss, transport, options, device, source, _ranks, _team);
        _quality = quality is null ? null : new QualityWatch(network, options, quality);
        _messages = workspace?.Messages ?? new TrainingMessages();
        _store = workspace?.Checkpoints ?? new MemoryCheckpoint();
        _checkpoints = new CheckpointSchedule(_store, options.CheckpointEvery);
        _guard = new DivergenceGuard(options, _store, _messages);
        if (options.IsBatchReduced)
        {
            _messages.Warn(
                $"{options.BatchSize} images are fewer than the default batch of {TrainingOptions.DefaultBatchSize}: BatchSize is "
                    + $"{options.BatchSize}, so every step sees them all.");
        }
    }

    /// <summary>Records the time of each phase.</summary>
    internal StepClock Clock { get; set; } = new();

    internal TrainingState State => _state;

    private bool SaysStop => _validation.SaysStop(_state) || _quality?.SaysStop(_state) == true;

    /// <summary>Trains to the last step, from where a run before this one in the same workspace stopped.</summary>
    /// <param name="progress">Receives the reports, on this thread.</param>
    /// <param name="cancellationToken">Stops at the next step.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled before anything was learned, or is to throw then.</exception>
    public TrainingOutcome Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        _network.train();
        using MatrixProducts? products = MatrixProducts.Use(_device, _options);
        _checkpoints.Begin(_state, _options.TotalSteps);
        _workspace?.Files?.ReturnTo(_state.Step);
        long firstStep = _state.Step;
        using ProgressMeter meter = new(_options, _loss.Terms, _split.Training.Count, _state.Step, Clock, _device);
        while (_state.Step < _options.TotalSteps && !SaysStop)
        {
            if (_ranks.Size == 1 ? cancellationToken.IsCancellationRequested : _agreed.Stop)
            {
                return Cancelled(progress, cancellationToken);
            }

            using DisposeScope scope = torch.NewDisposeScope();
            StepFlags own = new(cancellationToken.IsCancellationRequested, _checkpoints.IsDue(_state.Step + 1));
            (torch.Tensor losses, torch.Tensor norm) = Step(_state.Step, own);
            _state.Step++;

            // The host waits for a device here alone, and only where a report is due.
            meter.Add(losses);
            bool isReportDue = meter.IsDue(_state.Step);
            if (_guard.ReturnedToCheckpoint(_state, mayWait: isReportDue))
            {
                meter.ReturnTo(_state.Step);
                _workspace?.Files?.ReturnTo(_state.Step);
                continue;
            }

            long start = StepClock.Now;
            _validation.EvaluateIfDue(_state);
            _ = Clock.Add(StepClock.Validation, start);
            _quality?.MeasureIfDue(_state, Clock);
            start = StepClock.Now;
            _workspace?.DrawSamplesIfDue(_state, _network);
            start = Clock.Add(StepClock.Samples, start);
            _workspace?.Averages.SaveIfDue(_state);
            _checkpoints.SaveIfDue(_state, _agreed.Checkpoint);
            start = Clock.Add(StepClock.Checkpoint, start);
            bool isRegular = isReportDue || SaysStop;
            if (isRegular || (progress is not null && meter.IsInterimDue(_state.Step)))
            {
                Report(meter, norm, progress, isInterim: !isRegular);
                _ = Clock.Add(StepClock.Reports, start);
            }
        }

        TrainingOutcome whole = new(_state.Step, IsPartial: false);
        return _state.Step == firstStep ? whole : End(whole, progress);
    }

    /// <summary>One step. The results live in the caller's scope.</summary>
    /// <param name="step">Its number, from 0; everything drawn at random follows from it.</param>
    /// <param name="own">What this rank has to say.</param>
    /// <returns>The loss and its terms, <c>[1 + terms]</c>, and the gradient's norm before clipping.</returns>
    internal (torch.Tensor Losses, torch.Tensor GradientNorm) Step(long step, StepFlags own = default)
    {
        long start = StepClock.Now;

        // Batch: images, snippets, times and noise, all from (seed, step).
        StepDraws draws = _draw.Of(step, _state.AugmentationProbability);
        _ = Clock.Add(StepClock.Data, start);

        // Loss and gradient.
        LossParts parts = _gradient.Accumulate(draws, Clock);

        // The sum over ranks; each has its own segment of it.
        start = StepClock.Now;
        (torch.Tensor losses, torch.Tensor norm, _agreed) = _state.Ranks.Finish(parts, own);
        start = Clock.Add(_ranks.Size == 1 ? StepClock.Optimizer : StepClock.Ranks, start);

        // Clip, AdamW and moving average, one pass, which leaves the gradients zero; nothing else changes where something is not finite.
        _ = _state.Optimizer.Update(LearningRate(step), AverageDecay(step), losses[0], norm);
        start = Clock.Add(StepClock.Optimizer, start);
        if (_ranks.Size > 1)
        {
            _state.Ranks.GatherWeights();
            start = Clock.Add(StepClock.Ranks, start);
        }

        _state.PowerAverages.Update(step + 1);
        _ = Clock.Add(StepClock.Averages, start);
        return (losses, norm);
    }

    /// <summary>Puts into the network what generates: the moving average, or that of the best quality.</summary>
    public void UseResult() => _state.UseResult();

    public void Dispose()
    {
        _store.Dispose();
        _team?.Dispose();
        _state.Dispose();
    }

    /// <summary>Writes the final files and reports their failures with the last report, once more.</summary>
    private TrainingOutcome End(TrainingOutcome outcome, IProgress<TrainingProgress>? progress)
    {
        if (_workspace is null)
        {
            return outcome;
        }

        _checkpoints.Save(_state);
        IReadOnlyList<TrainingMessage> told = _messages.Take();
        _workspace.Finish(outcome, Clock, _device, told);
        TrainingMessage[] warnings = [.. told.Concat(_messages.Take()).Where(m => m.Level == TrainingMessageLevel.Warning)];
        if (warnings.Length > 0 && _lastReport is not null)
        {
            Tell(progress, _lastReport with { Messages = warnings });
        }

        return outcome;
    }

    private void Report(ProgressMeter meter, torch.Tensor norm, IProgress<TrainingProgress>? progress, bool isInterim)
    {
        if (_state.Step == _options.TotalSteps || SaysStop)
        {
            if (_quality is not null)
            {
                _messages.Information(_quality.Summary(_state, Clock));
            }

            _messages.Information($"Where the time went: {string.Join(", ", Clock.Shares().Select(p => $"{p.Part} {p.Share}"))}.");
        }

        // What is told only once waits for a report that goes into the files too.
        double[]? validation = isInterim ? null : _validation.TakeLast();
        TrainingProgress report = meter.Report(_state.Step, norm, LearningRate(_state.Step - 1), isInterim) with
        {
            SkippedSteps = _state.Optimizer.Counts.Skipped,
            ValidationLoss = validation?[0],
            ValidationTerms = validation is null ? [] : TrainingLoss.Named(_loss.Terms, validation),
            AugmentationProbability = _options.Augmentation is null ? null : _state.AugmentationProbability,
            Quality = isInterim ? null : _quality?.TakeLast(),
            SampleGridPath = isInterim ? null : _workspace?.Files?.TakeLastGrid(),
            Messages = _messages.Take(),
        };
        _workspace?.Files?.Report(report);
        _lastReport = report;
        Tell(progress, report);
    }

    /// <summary>Whoever is told may fail; what was learnt is not lost for it.</summary>
    private void Tell(IProgress<TrainingProgress>? progress, TrainingProgress report)
    {
        try
        {
            TrainingMeter.Record(report, report.IsInterim ? 0 : _options.LogEveryNStep * _options.ImagesPerStep);
            progress?.Report(report);
        }
        catch (Exception e)
        {
            if (!_handlerFailed)
            {
                _messages.Warn($"The progress handler threw at step {report.Step}: {e.GetType().Name}, {e.Message} Training goes on.");
            }

            _handlerFailed = true;
        }
    }

    private TrainingOutcome Cancelled(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        TrainingOutcome outcome = End(new TrainingOutcome(_state.Step, IsPartial: true), progress);
        return _state.Step > 0 && _options.OnCancellation == CancellationBehavior.Keep
            ? outcome
            : throw new OperationCanceledException(cancellationToken);
    }

    private double LearningRate(long step) => _learningRates.At(step) * _state.LearningRateFactor;

    /// <summary>The decay at a step: constant, or warmed up so that a short run's average is not still its initial weights.</summary>
    private double AverageDecay(long step) => _options.EmaWarmUp
        ? Math.Min(_options.EmaDecay, (1.0 + step) / (10.0 + step))
        : _options.EmaDecay;
}

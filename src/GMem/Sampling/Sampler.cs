using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// Turns a batch of noise into data by a network, as <see cref="SamplingOptions"/> say. Immutable and safe for use by several threads.
/// </summary>
/// <remarks>
/// A row's result depends on that row's noise, condition and increments alone, as far as the network's does: nothing is computed across
/// rows, and an adaptive stepper, whose step size would depend on the batch, integrates each row by itself. Fixed-step solvers never wait
/// for the device. No gradients are recorded, and temporaries are freed after every step.
/// </remarks>
internal sealed class Sampler
{
    private readonly FlowTransport _transport;
    private readonly Guidance _guidance;
    private readonly IntegrationInterval _interval;
    private readonly OdeSampler? _ode;
    private readonly SdeSampler? _sde;

    /// <summary>Prepares sampling; later changes of the options have no effect.</summary>
    /// <param name="transport">The path, and what the network predicts.</param>
    /// <param name="options">The settings.</param>
    /// <exception cref="ArgumentException">
    /// The options are not valid, or they evaluate something where the transport makes it infinite; the message says what to change.
    /// </exception>
    public Sampler(FlowTransport transport, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _transport = transport;
        _guidance = new Guidance(
            options.GuidanceScale, options.GuidanceIntervalStart, options.GuidanceIntervalEnd, options.GuidanceChannels);
        if (options.Kind == SamplerKind.Sde)
        {
            _sde = new SdeSampler(
                transport,
                options.SdeMethod,
                options.Steps,
                options.DiffusionForm,
                options.DiffusionNorm,
                options.LastStep,
                options.LastStepSize,
                options.TimestepShift);
            _interval = _sde.Interval;
            return;
        }

        _interval = transport.IntegrationInterval(stochastic: false);
        _ode = new OdeSampler(
            options.OdeMethod, options.Steps, options.TimestepShift, options.RelativeTolerance, options.AbsoluteTolerance);
        if (WellPosed.Fault(transport, options.OdeMethod, _interval) is { } fault)
        {
            throw new ArgumentException(fault, nameof(options));
        }
    }

    /// <summary>Whether <see cref="Sample"/> needs increments.</summary>
    public bool NeedsIncrements => _sde is not null;

    /// <summary>Whether <see cref="Sample"/> needs conditions and a null condition.</summary>
    public bool NeedsNullCondition => _guidance.IsActive;

    /// <summary>Turns noise into data.</summary>
    /// <param name="network">The network, in evaluation mode.</param>
    /// <param name="noise">
    /// Standard normal noise <c>[B, ...]</c>, for instance of <see cref="SeededNoise"/>; its type and device are those of the whole
    /// computation.
    /// </param>
    /// <param name="condition">Conditions <c>[B, ...]</c>; null for a network without any.</param>
    /// <param name="nullCondition">
    /// The null condition, <c>[B, ...]</c> or one for all rows <c>[1, ...]</c>; needed with guidance only.
    /// </param>
    /// <param name="increments">
    /// Standard normal noise <c>[B, ...]</c> of a step, by its index from 0; needed for the SDE only. A tensor it creates is disposed after
    /// the step.
    /// </param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="preview">Shown what the batch is becoming; null for nothing.</param>
    /// <param name="source">
    /// What the flow starts from, with the null condition's mean if there is guidance; null for N(0, I).
    /// </param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>Data <c>[B, ...]</c>, a new tensor.</returns>
    /// <exception cref="ArgumentException">Something is missing or does not fit the noise.</exception>
    /// <exception cref="InvalidOperationException">
    /// The network returned another shape than its states, or, with an adaptive stepper, something that is not a number.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Tensor Sample(
        NetworkFunction network,
        Tensor noise,
        Tensor? condition = null,
        Tensor? nullCondition = null,
        Func<int, Tensor>? increments = null,
        IProgress<SamplingProgress>? progress = null,
        SamplingPreview? preview = null,
        GaussianSource? source = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(noise);
        if (noise.Dimensions < 2 || noise.size(0) < 1)
        {
            throw new ArgumentException(
                $"The noise is [{string.Join(", ", noise.shape)}]; it must be a batch [B, ...] of at least one row.", nameof(noise));
        }

        _guidance.CheckConditions(noise.size(0), condition, nullCondition);
        using DisposeScope scope = NewDisposeScope();
        SourceOffset? offset = Offset(source);
        Tensor initial = source?.Draw(noise) ?? noise;
        VectorField predict = (x, time) => _guidance.PredictAt(network, x, time, condition, nullCondition, offset);
        if (_sde is not null)
        {
            ArgumentNullException.ThrowIfNull(increments);
            int total = _sde.Steps + 1;
            (VectorField watched, Action<int>? stepDone) = Watch(predict, preview, progress, total);
            return _sde.Sample(watched, initial, increments, keepTrajectory: false, source, stepDone, cancellationToken)
                .Final.MoveToOuterDisposeScope();
        }

        if (_ode!.Method.IsAdaptive)
        {
            return IntegrateRows(network, initial, condition, nullCondition, offset, progress, cancellationToken)
                .MoveToOuterDisposeScope();
        }

        (VectorField listened, Action<int>? done) = Watch(predict, preview, progress, _ode.Steps);
        return Integrate(listened, initial, done, cancellationToken).MoveToOuterDisposeScope();
    }

    private SourceOffset? Offset(GaussianSource? source) => source is null || !_guidance.IsActive ? null
        : source.NullMean is { } nullMean ? new SourceOffset(_transport, source.Mean.sub(nullMean))
        : throw new ArgumentException("Guidance needs to know where the null condition's flow starts: give the source a NullMean.");

    private (VectorField Predict, Action<int>? StepDone) Watch(
        VectorField predict, SamplingPreview? preview, IProgress<SamplingProgress>? progress, int total)
    {
        Action<int>? report = progress is null ? null : completed => progress.Report(new SamplingProgress(completed, total));
        if (preview is null)
        {
            return (predict, report);
        }

        PreviewTap tap = new(preview, _transport, total);
        return (tap.Listen(predict), tap.StepDone + report);
    }

    private Tensor Integrate(VectorField predict, Tensor noise, Action<int>? stepDone, CancellationToken cancellationToken) =>
        _ode!.Integrate(_transport.DriftOf(predict), noise, _interval, keepTrajectory: false, stepDone, cancellationToken).Final;

    private Tensor IntegrateRows(
        NetworkFunction network,
        Tensor noise,
        Tensor? condition,
        Tensor? nullCondition,
        SourceOffset? offset,
        IProgress<SamplingProgress>? progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        int count = (int)noise.size(0);
        Tensor[] rows = new Tensor[count];
        for (int i = 0; i < count; i++)
        {
            Tensor? nullOfRow = nullCondition?.size(0) == 1 ? nullCondition : nullCondition?.narrow(0, i, 1);
            Tensor? ofRow = condition?.narrow(0, i, 1);
            SourceOffset? offsetOfRow = offset?.Rows(i, 1);
            VectorField predict = (x, time) => _guidance.PredictAt(network, x, time, ofRow, nullOfRow, offsetOfRow);
            rows[i] = Integrate(predict, noise.narrow(0, i, 1), null, cancellationToken);
            progress?.Report(new SamplingProgress(i + 1, count));
        }

        return cat(rows).MoveToOuterDisposeScope();
    }
}

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
    private readonly double[] _times;
    private readonly OdeSampler? _ode;
    private readonly SdeSampler? _sde;
    private readonly bool _isFlowMap;

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
            _times = [.. _sde.Times];
            return;
        }

        _isFlowMap = options.Kind == SamplerKind.FlowMap;
        if (_isFlowMap && !transport.IsLinearVelocity)
        {
            throw new ArgumentException(
                $"A flow map samples from a velocity on the linear path, but this transport predicts the {transport.Prediction} on "
                    + $"{transport.Path.Kind}: set Sampling.Kind to Ode or Sde.", nameof(options));
        }

        OdeStepper method = _isFlowMap ? OdeMethod.Euler : options.OdeMethod;
        IntegrationInterval interval = transport.IntegrationInterval(stochastic: false);
        _times = TimeGrid.Create(interval.Start, interval.End, options.Steps, options.TimestepShift);
        _ode = new OdeSampler(
            method, options.Steps, options.TimestepShift, options.RelativeTolerance, options.AbsoluteTolerance);
        if (WellPosed.Fault(transport, method, interval) is { } fault)
        {
            throw new ArgumentException(fault, nameof(options));
        }
    }

    private delegate (VectorField Predict, Action<int>? StepDone) Watcher(VectorField predict, int total);

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
    /// <param name="picture">The data that the flow starts from or keeps a part of; null to start from noise alone.</param>
    /// <param name="flowMap">
    /// For a time to which a flow map leads, the network's mean velocity until there; needed with <see cref="SamplerKind.FlowMap"/> only.
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
        PictureStart? picture = null,
        Func<double, NetworkFunction>? flowMap = null,
        CancellationToken cancellationToken = default)
    {
        ConditionedNetwork whole = Checked(network, noise, condition, nullCondition, source, flowMap);
        if (_isFlowMap)
        {
            ArgumentNullException.ThrowIfNull(flowMap);
        }

        if (_sde is not null)
        {
            ArgumentNullException.ThrowIfNull(increments);
        }

        return Solve(whole, noise, progress, preview, (rows, part, begin, watch) =>
        {
            PictureStart? start = picture?.Rows(begin, part.size(0));
            return Integrate(rows, part, start, increments, watch, cancellationToken);
        });
    }

    /// <summary>Turns data into the noise of which the ODE makes them, by integrating it backwards over the same times.</summary>
    /// <param name="network">The network, in evaluation mode.</param>
    /// <param name="data">Data <c>[B, ...]</c>.</param>
    /// <param name="condition">As for <see cref="Sample"/>, as are the others.</param>
    /// <param name="nullCondition">The null condition.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="source">What the flow starts from.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>
    /// The noise <c>[B, ...]</c>, a new tensor; of a source, what it was in units of the source's scale about its mean.
    /// </returns>
    /// <exception cref="InvalidOperationException">The options are of the SDE, which has no way back.</exception>
    public Tensor Invert(
        NetworkFunction network,
        Tensor data,
        Tensor? condition = null,
        Tensor? nullCondition = null,
        IProgress<SamplingProgress>? progress = null,
        GaussianSource? source = null,
        CancellationToken cancellationToken = default)
    {
        double[] backwards = [.. _times.Reverse()];
        if (_sde is not null)
        {
            throw new InvalidOperationException(
                "The model samples by the SDE, whose noise cannot be found again. Inversion needs the ODE: set Sampling.Kind to Ode.");
        }

        if (_isFlowMap)
        {
            throw new InvalidOperationException(
                "The model samples by its flow map, which leads from noise to data only. Inversion needs the ODE: set Sampling.Kind to "
                    + "Ode.");
        }

        if (WellPosed.Fault(_transport, _ode!.Method, new IntegrationInterval(backwards[0], backwards[^1])) is { } fault)
        {
            throw new InvalidOperationException($"Inversion integrates backwards. {fault}");
        }

        return Solve(Checked(network, data, condition, nullCondition, source), data, progress, null, (rows, part, _, watch) =>
        {
            (VectorField predict, Action<int>? done) = watch(rows.Predict, backwards.Length - 1);
            Tensor noise = Run(predict, part, backwards, null, null, done, cancellationToken);
            return rows.Source?.Standardise(noise) ?? noise;
        });
    }

    private ConditionedNetwork Checked(
        NetworkFunction network, Tensor state, Tensor? condition, Tensor? nullCondition, GaussianSource? source,
        Func<double, NetworkFunction>? flowMap = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(state);
        if (state.Dimensions < 2 || state.size(0) < 1)
        {
            throw new ArgumentException(
                $"The noise is [{string.Join(", ", state.shape)}]; it must be a batch [B, ...] of at least one row.", "noise");
        }

        _guidance.CheckConditions(state.size(0), condition, nullCondition);
        return _guidance.IsActive && source is { NullMean: null }
            ? throw new ArgumentException("Guidance needs to know where the null condition's flow starts: give the source a NullMean.")
            : new ConditionedNetwork(_transport, _guidance, network, condition, nullCondition, source, flowMap);
    }

    /// <summary>Solves for the whole batch, or row by row where an adaptive stepper would make a row depend on the others.</summary>
    private Tensor Solve(
        ConditionedNetwork network,
        Tensor state,
        IProgress<SamplingProgress>? progress,
        SamplingPreview? preview,
        Func<ConditionedNetwork, Tensor, long, Watcher, Tensor> solve)
    {
        using IDisposable noGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int count = (int)state.size(0);
        if (_ode is not { Method.IsAdaptive: true })
        {
            return solve(network.Rows(0, count), state, 0, (predict, total) => Watch(predict, preview, progress, total))
                .MoveToOuterDisposeScope();
        }

        Tensor[] rows = new Tensor[count];
        for (int i = 0; i < count; i++)
        {
            rows[i] = solve(network.Rows(i, 1), state.narrow(0, i, 1), i, (predict, _) => (predict, null));
            progress?.Report(new SamplingProgress(i + 1, count));
        }

        return cat(rows).MoveToOuterDisposeScope();
    }

    private Tensor Integrate(
        ConditionedNetwork network,
        Tensor noise,
        PictureStart? picture,
        Func<int, Tensor>? increments,
        Watcher watch,
        CancellationToken cancellationToken)
    {
        if (picture is { Strength: 0 })
        {
            return picture.Data.clone();
        }

        (double[] times, int skipped) = picture is null ? (_times, 0) : TimeGrid.From(_times, 1 - picture.Strength);
        Tensor x0 = network.Source?.Draw(noise) ?? noise;
        Tensor initial = times[0] > _times[0] ? _transport.Path.Interpolate(x0.Filled(1, times[0]), x0, picture!.Data) : x0;
        int steps = times.Length - 1;
        Repainting? repainting = picture?.Repainting;
        int total = (repainting?.Visits(steps) ?? steps) + (_sde is null ? 0 : 1);
        (VectorField predict, Action<int>? done) = watch(_isFlowMap ? network.AlongGrid(times) : network.Predict, total);
        if (repainting is null)
        {
            return Run(predict, initial, times, step => increments!(skipped + step), network.Source, done, cancellationToken);
        }

        Tensor state = repainting.Run(
            _transport.Path,
            network.Source,
            picture!.Data,
            initial,
            times,
            (part, step, visit) => Run(
                predict, part, times[step..(step + 2)], _ => increments!(visit), network.Source, null, cancellationToken, lastStep: false),
            done);
        if (_sde is not null)
        {
            state = Run(predict, state, times[^1..], null, network.Source, _ => done?.Invoke(total), cancellationToken);
        }

        return repainting.Combine(state, picture.Data);
    }

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

    /// <summary>Integrates over the times, which may fall for the ODE; the SDE's last step follows unless it is not wanted.</summary>
    private Tensor Run(
        VectorField predict,
        Tensor initial,
        double[] times,
        Func<int, Tensor>? increments,
        GaussianSource? source,
        Action<int>? stepDone,
        CancellationToken cancellationToken,
        bool lastStep = true) =>
        _sde is not null ? _sde.Over(times, lastStep).Sample(
            predict, initial, increments!, keepTrajectory: false, source, stepDone, cancellationToken).Final
        : times.Length > 1 ? _ode!.Integrate(
            _transport.DriftOf(predict), initial, times, keepTrajectory: false, stepDone, cancellationToken).Final
        : initial.clone();
}

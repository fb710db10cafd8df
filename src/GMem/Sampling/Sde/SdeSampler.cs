using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// Integrates the reverse-time SDE dx = (drift + w score) dt + sqrt(2 w) dW from noise towards data, then takes one extra step without
/// noise (SiT, arXiv 2401.08740, sections 2.4 and 3.3). Immutable.
/// </summary>
/// <remarks>
/// <see cref="Steps"/> counts steps with noise; the last step comes on top. What the public code calls <c>num_steps = 50</c> is a grid of
/// 50 points, hence 49 steps here, and the last step. Each evaluation of the network gives both drift and score. Rows are independent. No
/// gradients are recorded.
/// </remarks>
internal sealed class SdeSampler
{
    private readonly double[] _times;

    /// <summary>Describes a sampler.</summary>
    /// <param name="transport">The path, and what the network predicts.</param>
    /// <param name="method">The method: an <see cref="SdeMethod"/>, or a stepper of your own.</param>
    /// <param name="steps">Steps with noise, at least 1.</param>
    /// <param name="form">The diffusion w. Default <see cref="DiffusionForm.Linear"/>.</param>
    /// <param name="norm">Its norm, 0 or above. Default 1.</param>
    /// <param name="lastStep">The extra step. Default <see cref="SdeLastStep.Mean"/>.</param>
    /// <param name="lastStepSize">Its size, above 0 and below 1; not used with <see cref="SdeLastStep.None"/>. Default 0.004.</param>
    /// <param name="timestepShift">
    /// Shift of the times as in <see cref="OdeSampler"/>; the public code has none for the SDE. Default 0.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    /// <exception cref="ArgumentException">
    /// The combination would evaluate drift, score or diffusion where they are infinite; the message says which and what to change.
    /// </exception>
    public SdeSampler(
        FlowTransport transport,
        SdeStepper method,
        int steps,
        DiffusionForm form = DiffusionForm.Linear,
        double norm = 1,
        SdeLastStep lastStep = SdeLastStep.Mean,
        double lastStepSize = 0.004,
        double timestepShift = 0)
        : this(transport, method, form, norm, lastStep, lastStepSize, Grid(transport, steps, form, lastStep, lastStepSize, timestepShift))
    {
        if (WellPosed.Fault(this) is { } fault)
        {
            throw new ArgumentException(fault);
        }
    }

    /// <summary>On a grid of one's own, unchecked.</summary>
    internal SdeSampler(
        FlowTransport transport,
        SdeStepper method,
        DiffusionForm form,
        double norm,
        SdeLastStep lastStep,
        double lastStepSize,
        double[] times)
    {
        Arguments.CheckDefined(form, nameof(form));
        Arguments.CheckDefined(lastStep, nameof(lastStep));
        if (!(norm >= 0 && double.IsFinite(norm)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(norm), norm, "The norm of the diffusion must be finite and at least 0; 1 is usual.");
        }

        (Transport, Method, Form, Norm, LastStep, LastStepSize, _times) = (transport, method, form, norm, lastStep, lastStepSize, times);
    }

    /// <summary>The path, and what the network predicts.</summary>
    public FlowTransport Transport { get; }

    /// <summary>The method.</summary>
    public SdeStepper Method { get; }

    /// <summary>Steps with noise.</summary>
    public int Steps => _times.Length - 1;

    /// <summary>The form of the diffusion.</summary>
    public DiffusionForm Form { get; }

    /// <summary>The norm of the diffusion.</summary>
    public double Norm { get; }

    /// <summary>The extra step after the interval.</summary>
    public SdeLastStep LastStep { get; }

    /// <summary>Its size. Not used with <see cref="SdeLastStep.None"/>.</summary>
    public double LastStepSize { get; }

    /// <summary>The times of the grid, <see cref="Steps"/> + 1.</summary>
    internal IReadOnlyList<double> Times => _times;

    /// <summary>Where noise is added: from the first time to the last, not counting the extra step.</summary>
    public IntegrationInterval Interval => new(_times[0], _times[^1]);

    /// <summary>Integrates.</summary>
    /// <param name="network">The network, predicting what <see cref="Transport"/> says.</param>
    /// <param name="initial">Noise <c>[B, ...]</c>.</param>
    /// <param name="noise">
    /// The standard normal draws <c>[B, ...]</c> of a step, by its index from 0; called once a step, in order. A tensor it creates is
    /// disposed after the step.
    /// </param>
    /// <param name="keepTrajectory">Whether the states after all steps are wanted.</param>
    /// <param name="source">
    /// What <paramref name="initial"/> was drawn from, if not from N(0, I). The diffusion w is then multiplied by the square of its scale.
    /// </param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>The final state, the number of evaluations and, if asked for, the trajectory.</returns>
    /// <exception cref="ArgumentException">The noise has another shape than the state.</exception>
    /// <exception cref="InvalidOperationException">The prediction has another shape than the state.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SolverResult Sample(
        VectorField network,
        Tensor initial,
        Func<int, Tensor> noise,
        bool keepTrajectory = false,
        GaussianSource? source = null,
        CancellationToken cancellationToken = default)
    {
        return Sample(network, initial, noise, keepTrajectory, source, null, cancellationToken);
    }

    /// <summary>The same over other times, with or without its last step.</summary>
    internal SdeSampler Over(double[] times, bool lastStep) =>
        new(Transport, Method, Form, Norm, lastStep ? LastStep : SdeLastStep.None, LastStepSize, times);

    internal SolverResult Sample(
        VectorField network,
        Tensor initial,
        Func<int, Tensor> noise,
        bool keepTrajectory,
        GaussianSource? source,
        Action<int>? stepDone,
        CancellationToken cancellationToken)
    {
        using IDisposable noGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        SdeStep step = new(Transport, network, Form, Norm, initial, source);
        List<Tensor> trajectory = [];
        Tensor state = initial;
        for (int i = 0; i <= Steps; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tensor next;
            using (NewDisposeScope())
            {
                next = (i == Steps ? TakeLastStep(step, state) : Take(step, state, i, noise)).MoveToOuterDisposeScope();
            }

            if (keepTrajectory)
            {
                trajectory.Add(next);
            }
            else if (i > 0)
            {
                state.Dispose();
            }

            state = next;
            stepDone?.Invoke(i + 1);
        }

        double end = LastStep == SdeLastStep.None ? _times[^1] : _times[^1] + LastStepSize;
        Tensor? stacked = keepTrajectory ? stack(trajectory).MoveToOuterDisposeScope() : null;
        return new SolverResult(state.MoveToOuterDisposeScope(), stacked, [.. _times[1..], end], step.Evaluations);
    }

    private static double[] Grid(
        FlowTransport transport, int steps, DiffusionForm form, SdeLastStep lastStep, double lastStepSize, double shift)
    {
        TimeGrid.Check(steps, shift);
        if (lastStep != SdeLastStep.None && !(lastStepSize > 0 && lastStepSize < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(lastStepSize),
                lastStepSize,
                "The last step must be above 0 and below 1; 0.004 is the public GMem setting. For no last step take SdeLastStep.None.");
        }

        IntegrationInterval interval = transport.IntegrationInterval(
            stochastic: true, form, lastStepSize: lastStep == SdeLastStep.None ? 0 : lastStepSize);
        return TimeGrid.Create(interval.Start, interval.End, steps, shift);
    }

    private Tensor Take(SdeStep step, Tensor x, int index, Func<int, Tensor> noise)
    {
        Tensor draw = noise(index);
        if (!draw.shape.AsSpan().SequenceEqual(x.shape))
        {
            throw new ArgumentException(
                $"The noise of step {index} is [{string.Join(", ", draw.shape)}] for states [{string.Join(", ", x.shape)}]; "
                + "it must have their shape.",
                nameof(noise));
        }

        int before = step.Evaluations;
        step.MoveTo(_times[index], _times[index + 1], x, draw);
        Tensor next = Method.Step(step);
        Method.CheckEvaluations(index, step.Evaluations - before);
        return ReferenceEquals(next, x) || !next.shape.AsSpan().SequenceEqual(x.shape)
            ? throw new InvalidOperationException(
                $"{Method} turned states [{string.Join(", ", x.shape)}] into [{string.Join(", ", next.shape)}]; "
                + "a step returns a new tensor of the states' shape.")
            : next;
    }

    private Tensor TakeLastStep(SdeStep step, Tensor x)
    {
        double time = _times[^1];
        return LastStep switch
        {
            SdeLastStep.Mean => x.PlusScaled(LastStepSize, step.Drift(x, time)),
            SdeLastStep.Euler => x.PlusScaled(LastStepSize, step.FlowDrift(x, time)),
            SdeLastStep.Tweedie => step.ExpectedData(x, time),
            _ => x.clone(),
        };
    }
}

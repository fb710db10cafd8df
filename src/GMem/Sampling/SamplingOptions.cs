using System.Text.Json.Serialization;
using GMem.Transport;

namespace GMem.Sampling;

/// <summary>How noise is turned into an image. Immutable: change one with a <c>with</c> expression.</summary>
/// <remarks>
/// The defaults suit a CPU: Heun's method for the ODE, 25 steps, 50 network evaluations. That costs as much as the public
/// code's Euler ODE and is of second order; the SDE costs twice as much, and Dopri5 cannot share a batch. Steps are counted as steps, not
/// as points of a grid: the public settings of 50 points are <see cref="PublicOde"/> and <see cref="PublicSde"/>, with 49.
/// </remarks>
public sealed record SamplingOptions
{
    /// <summary>The equation. Default the ODE.</summary>
    public SamplerKind Kind { get; init; } = SamplerKind.Ode;

    /// <summary>
    /// How the ODE is integrated: an <see cref="Sampling.OdeMethod"/>, or a stepper of your own, registered with
    /// <see cref="OdeStepper.Register"/>. Default <see cref="Sampling.OdeMethod.Heun"/>.
    /// </summary>
    public OdeStepper OdeMethod { get; init; } = Sampling.OdeMethod.Heun;

    /// <summary>
    /// How the SDE is integrated: an <see cref="Sampling.SdeMethod"/>, or a stepper of your own, registered with
    /// <see cref="SdeStepper.Register"/>. Default <see cref="Sampling.SdeMethod.Heun"/>, as in the public code.
    /// </summary>
    public SdeStepper SdeMethod { get; init; } = Sampling.SdeMethod.Heun;

    /// <summary>
    /// Steps of the solver, from 1 to 10,000; the SDE's last step comes on top, and adaptive solvers choose their own. One less than the
    /// public code's <c>num_steps</c>, which counts the points of the grid. Default 25.
    /// </summary>
    public int Steps { get; init; } = 25;

    /// <summary>
    /// Scale of classifier-free guidance, from 0 to 1000; 1 is none and costs half. Default 1; public GMem setting with guidance: 7.75.
    /// </summary>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>
    /// From which t (0 is noise, 1 is data) on predictions are guided; below it only the conditional pass runs. Null: from the start.
    /// Default null; public GMem setting: 0.89.
    /// </summary>
    public double? GuidanceIntervalStart { get; init; }

    /// <summary>
    /// Up to which t predictions are guided; above it only the unconditional pass runs. Null: to the end. Default null.
    /// </summary>
    public double? GuidanceIntervalEnd { get; init; }

    /// <summary>How many of the first channels are guided; null guides all. Default null; the original SiT guides 3.</summary>
    public int? GuidanceChannels { get; init; }

    /// <summary>
    /// Shift s of the times between the ends, t' = s t / (1 + (s - 1) t) on [0, 1]: below 1 there are more steps near the noise, 0 is no
    /// shift; at most 1000. Default 0; public GMem setting: 0.3 for the ODE, none for the SDE.
    /// </summary>
    public double TimestepShift { get; init; }

    /// <summary>The SDE's diffusion. Default <see cref="DiffusionForm.Linear"/>, as in the public code.</summary>
    public DiffusionForm DiffusionForm { get; init; } = DiffusionForm.Linear;

    /// <summary>Norm of the SDE's diffusion, from 0 to 1000. Default 1.</summary>
    public double DiffusionNorm { get; init; } = 1;

    /// <summary>The SDE's extra step without noise. Default <see cref="SdeLastStep.Mean"/>, as in the public code.</summary>
    public SdeLastStep LastStep { get; init; } = SdeLastStep.Mean;

    /// <summary>Size of that step, above 0 and below 1. Default 0.004, as in the public code.</summary>
    public double LastStepSize { get; init; } = 0.004;

    /// <summary>Relative tolerance of adaptive solvers, above 0. Default 1e-3.</summary>
    public double RelativeTolerance { get; init; } = 1e-3;

    /// <summary>Absolute tolerance of adaptive solvers, above 0. Default 1e-6.</summary>
    public double AbsoluteTolerance { get; init; } = 1e-6;

    /// <summary>
    /// How the snippets of drawn entries are turned; null takes them as they are. No effect on a model without memory. Default null.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SnippetNovelty? Novelty { get; init; }

    /// <summary>
    /// How often each step of inpainting but the last is taken, noise being added back in between (RePaint, arXiv 2201.09865), from 1 to
    /// 1000. More fit what is painted better to what is kept; inpainting costs that many times as much. No effect without a
    /// <see cref="GenerationRequest.PromptMask"/>. Default 10, as in the paper.
    /// </summary>
    public int Resamplings { get; init; } = 10;

    /// <summary>The ODE setting of the public code: Euler over 50 points, 49 evaluations.</summary>
    /// <returns>New options.</returns>
    public static SamplingOptions PublicOde() => new() { OdeMethod = Sampling.OdeMethod.Euler, Steps = 49 };

    /// <summary>
    /// The SDE setting of the public code: Heun over 50 points, linear diffusion, last step Mean of 0.004; 99 evaluations.
    /// </summary>
    /// <returns>New options.</returns>
    public static SamplingOptions PublicSde() => new() { Kind = SamplerKind.Sde, Steps = 49 };

    /// <summary>Checks all settings, those too which the chosen kind does not use.</summary>
    /// <exception cref="ArgumentException">Something is not valid; the message names every fault.</exception>
    public void Validate()
    {
        IReadOnlyList<string> faults = Faults();
        if (faults.Count > 0)
        {
            throw new ArgumentException(
                $"The sampling options are not valid:{string.Concat(faults.Select(fault => $"{Environment.NewLine}- {fault}"))}");
        }
    }

    /// <summary>One sentence for each fault.</summary>
    internal IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        void Require(bool holds, string name, object? value, string expected)
        {
            if (!holds)
            {
                faults.Add(FormattableString.Invariant($"{name} is {value ?? "null"}, but must be {expected}."));
            }
        }

        static string Names<T>()
            where T : struct, Enum => $"one of {string.Join(", ", Enum.GetNames<T>())}";

        Require(Enum.IsDefined(Kind), nameof(Kind), Kind, Names<SamplerKind>());
        Require(OdeMethods.Registry.Contains(OdeMethod), nameof(OdeMethod), OdeMethod, OdeMethods.Registry.Expected);
        Require(SdeMethods.Registry.Contains(SdeMethod), nameof(SdeMethod), SdeMethod, SdeMethods.Registry.Expected);
        Require(Enum.IsDefined(DiffusionForm), nameof(DiffusionForm), DiffusionForm, Names<DiffusionForm>());
        Require(Enum.IsDefined(LastStep), nameof(LastStep), LastStep, Names<SdeLastStep>());
        Require(Steps is >= 1 and <= 10_000, nameof(Steps), Steps, "from 1 to 10000");
        Require(
            GuidanceScale is >= 0 and <= 1000, nameof(GuidanceScale), GuidanceScale, "from 0 to 1000 (1 is no guidance)");
        Require(
            GuidanceIntervalStart is null or (>= 0 and <= 1), nameof(GuidanceIntervalStart), GuidanceIntervalStart,
            "from 0 to 1, or null");
        Require(GuidanceIntervalEnd is null or (>= 0 and <= 1), nameof(GuidanceIntervalEnd), GuidanceIntervalEnd, "from 0 to 1, or null");
        Require(
            !(GuidanceIntervalStart > GuidanceIntervalEnd),
            nameof(GuidanceIntervalStart),
            GuidanceIntervalStart,
            FormattableString.Invariant($"at most GuidanceIntervalEnd, {GuidanceIntervalEnd}"));
        Require(GuidanceChannels is null or >= 1, nameof(GuidanceChannels), GuidanceChannels, "at least 1, or null for all");
        Require(
            TimestepShift is >= 0 and <= 1000, nameof(TimestepShift), TimestepShift, "above 0 and at most 1000, or 0 for no shift");
        Require(DiffusionNorm is >= 0 and <= 1000, nameof(DiffusionNorm), DiffusionNorm, "from 0 to 1000");
        Require(LastStepSize > 0 && LastStepSize < 1, nameof(LastStepSize), LastStepSize, "above 0 and below 1");
        Require(
            RelativeTolerance > 0 && double.IsFinite(RelativeTolerance), nameof(RelativeTolerance), RelativeTolerance,
            "above 0 and finite");
        Require(
            AbsoluteTolerance > 0 && double.IsFinite(AbsoluteTolerance), nameof(AbsoluteTolerance), AbsoluteTolerance,
            "above 0 and finite");
        Require(Resamplings is >= 1 and <= 1000, nameof(Resamplings), Resamplings, "from 1 to 1000");
        Require(Novelty is null or { Cosine: > 0 and <= 1 }, "the novelty's Cosine", Novelty?.Cosine, "above 0 and at most 1");
        Require(Novelty is null or { Neighbours: >= 0 and <= 4096 }, "the novelty's Neighbours", Novelty?.Neighbours, "from 0 to 4096");
        return faults;
    }
}

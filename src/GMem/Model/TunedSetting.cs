using GMem.Sampling;

namespace GMem;

/// <summary>A setting to be searched.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Values">How each of its values is set.</param>
internal sealed record TunedSetting(string Name, IReadOnlyList<Func<SamplingOptions, SamplingOptions>> Values)
{
    /// <summary>Guidance: pairs of a scale and the time from which on it guides.</summary>
    /// <param name="options">What to try.</param>
    /// <param name="end">Where the model's own interval ends, before which candidates begin; null for nowhere.</param>
    public static TunedSetting Guidance(TuningOptions options, double? end) => new(
        "guidance",
        [
            .. from scale in options.GuidanceScales
               from start in scale == 1 ? [0] : options.GuidanceIntervalStarts.Where(start => !(start > end))
               select new Func<SamplingOptions, SamplingOptions>(
                   s => s with { GuidanceScale = scale, GuidanceIntervalStart = start > 0 ? start : null }),
        ]);

    /// <summary>The shift of the times.</summary>
    public static TunedSetting Shift(TuningOptions options) => new(
        "timestep shift",
        [.. options.TimestepShifts.Select(shift => new Func<SamplingOptions, SamplingOptions>(s => s with { TimestepShift = shift }))]);

    /// <summary>How far the snippets of drawn entries are turned; towards what, the model's own options say.</summary>
    public static TunedSetting Novelty(TuningOptions options) => new(
        "novelty",
        [.. options.NoveltyCosines.Select(cosine => new Func<SamplingOptions, SamplingOptions>(
            s => s with { Novelty = cosine == 1 ? null : (s.Novelty ?? new SnippetNovelty()) with { Cosine = cosine } }))]);

    /// <summary>What settings change of others, such as "guidance 1.5 from t = 0.5, shift 2"; "untuned" for nothing.</summary>
    public static string Describe(SamplingOptions sampling, SamplingOptions untuned)
    {
        string[] changes =
        [
            Guided(sampling) == Guided(untuned) ? "" : Guided(sampling),
            sampling.TimestepShift == untuned.TimestepShift ? ""
                : sampling.TimestepShift == 0 ? "no shift"
                : FormattableString.Invariant($"shift {sampling.TimestepShift}"),
            sampling.Novelty == untuned.Novelty ? ""
                : sampling.Novelty is { } novelty ? FormattableString.Invariant($"novelty {novelty.Cosine}")
                : "no novelty",
        ];
        return string.Join(", ", changes.Where(c => c.Length > 0)) is { Length: > 0 } text ? text : "untuned";
    }

    private static string Guided(SamplingOptions s) => s.GuidanceScale == 1 ? "no guidance"
        : s.GuidanceIntervalStart is { } start ? FormattableString.Invariant($"guidance {s.GuidanceScale} from t = {start}")
        : FormattableString.Invariant($"guidance {s.GuidanceScale}");
}

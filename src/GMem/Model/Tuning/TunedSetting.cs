using GMem.Sampling;

namespace GMem;

/// <summary>A setting to be searched.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Values">Each value's name and how it is set.</param>
internal sealed record TunedSetting(string Name, IReadOnlyList<(string Change, Func<SamplingOptions, SamplingOptions> Apply)> Values)
{
    /// <summary>Guidance: pairs of a scale and the time from which on it guides.</summary>
    /// <param name="options">What to try.</param>
    /// <param name="end">Where the model's own interval ends, before which candidates begin; null for nowhere.</param>
    public static TunedSetting Guidance(TuningOptions options, double? end) => new(
        "guidance",
        [
            .. from scale in options.GuidanceScales
               from start in scale == 1 ? [0] : options.GuidanceIntervalStarts.Where(start => !(start > end))
               let when = start > 0 ? Invariant($" from t = {start}") : ""
               select Value(
                   scale == 1 ? "no guidance" : Invariant($"guidance {scale}{when}"),
                   s => s with { GuidanceScale = scale, GuidanceIntervalStart = start > 0 ? start : null }),
        ]);

    /// <summary>The shift of the times.</summary>
    public static TunedSetting Shift(TuningOptions options) => new(
        "timestep shift",
        [.. options.TimestepShifts.Select(shift => Value(
            shift == 0 ? "no shift" : Invariant($"shift {shift}"), s => s with { TimestepShift = shift }))]);

    /// <summary>How far the snippets of drawn entries are turned; towards what, the model's own options say.</summary>
    public static TunedSetting Novelty(TuningOptions options) => new(
        "novelty",
        [.. options.NoveltyCosines.Select(cosine => Value(
            cosine == 1 ? "no novelty" : Invariant($"novelty {cosine}"),
            s => s with { Novelty = cosine == 1 ? null : (s.Novelty ?? new SnippetNovelty()) with { Cosine = cosine } }))]);

    private static (string Change, Func<SamplingOptions, SamplingOptions> Apply) Value(
        string change, Func<SamplingOptions, SamplingOptions> apply) => (change, apply);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

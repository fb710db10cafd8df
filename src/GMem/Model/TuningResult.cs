using System.Text;
using GMem.Sampling;

namespace GMem;

/// <summary>What a search over ways of sampling found (<see cref="GMemModel.Tune"/>).</summary>
public sealed class TuningResult
{
    /// <summary>The settings that won, for <see cref="GMemModel.WithSampling"/>; the model's own where nothing was better.</summary>
    public SamplingOptions Sampling => Chosen.Tuned.Sampling;

    /// <summary>Whether the model's own settings were kept, because no other was better on the tuning half.</summary>
    public bool IsKept => ReferenceEquals(Chosen.Untuned, Chosen.Tuned);

    /// <summary>The half of the real pictures that the settings were chosen on.</summary>
    public required TuningHalf Chosen { get; init; }

    /// <summary>The other half, and images of other seeds: what to expect. Nothing was chosen on it.</summary>
    public required TuningHalf Report { get; init; }

    /// <summary>Everything that was tried, in its order, the untuned settings first.</summary>
    public required IReadOnlyList<TuningCandidate> Candidates { get; init; }

    /// <summary>Settings that were not tried, each with the reason.</summary>
    public required IReadOnlyList<string> Skipped { get; init; }

    /// <summary>Real pictures in each half.</summary>
    public required long RealCount { get; init; }

    /// <summary>Images of each candidate.</summary>
    public required int Samples { get; init; }

    /// <summary>Name of the features; distances of other features cannot be compared with these.</summary>
    public required string FeatureName { get; init; }

    /// <summary>Whether a candidate may win by its copies: it copies no more than unseen pictures do, or this was not measured.</summary>
    /// <param name="candidate">One of <see cref="Candidates"/>.</param>
    /// <returns>Whether it may.</returns>
    public bool MayWin(TuningCandidate candidate)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return SamplingSearch.MayWin(candidate, Chosen.UnseenCopyShare);
    }

    /// <summary>A table of the candidates, what won, and what the other half says of it.</summary>
    /// <returns>Several lines, invariant culture.</returns>
    public override string ToString()
    {
        StringBuilder text = new();
        _ = text.AppendLine(Invariant(
            $"{Candidates.Count} candidates of {Samples:N0} images against {RealCount:N0} real pictures ({FeatureName})"));
        foreach (string skipped in Skipped)
        {
            _ = text.AppendLine(Invariant($"not searched: {skipped}"));
        }

        int width = Math.Max("candidate".Length, Candidates.Max(c => c.Change.Length));
        _ = text.AppendLine().AppendLine(Invariant($"{"candidate".PadRight(width)}  distance    copies  s/image"));
        foreach (TuningCandidate candidate in Candidates)
        {
            string why = ReferenceEquals(candidate, Chosen.Tuned) ? "  <- " + (IsKept ? "kept" : "chosen")
                : MayWin(candidate) ? "" : "  copies too much";
            _ = text.AppendLine(Invariant($"{candidate.Change.PadRight(width)}  {Row(candidate)}{why}"));
        }

        if (Chosen.UnseenCopyShare is { } unseen)
        {
            _ = text.AppendLine(Invariant($"{"unseen pictures".PadRight(width)}  {"",8}  {unseen,8:p1}"));
        }

        _ = text.AppendLine().AppendLine(Invariant($"on the other {RealCount:N0} pictures, with other seeds:"));
        _ = text.AppendLine(Invariant($"{"untuned".PadRight(width)}  {Row(Report.Untuned)}"));
        _ = IsKept
            ? text.AppendLine("nothing was better than the untuned settings: kept")
            : text.AppendLine(Invariant($"{"tuned".PadRight(width)}  {Row(Report.Tuned)}"));
        if (Report.UnseenCopyShare is { } others)
        {
            _ = text.AppendLine(Invariant($"{"unseen pictures".PadRight(width)}  {"",8}  {others,8:p1}"));
        }

        if (!IsKept && Report.Tuned.Distance >= Report.Untuned.Distance)
        {
            _ = text.AppendLine("there the tuned settings are no better: the difference may be chance. Use more pictures and samples.");
        }

        return text.ToString();
    }

    private string Row(TuningCandidate candidate) => string.Create(
        CultureInfo.InvariantCulture,
        $"{candidate.Distance,8:g5}  {(candidate.CopyShare is { } copies ? Invariant($"{copies:p1}") : "-"),8}  "
            + $"{candidate.Duration.TotalSeconds / Samples,7:g3}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

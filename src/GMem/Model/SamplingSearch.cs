using GMem.Sampling;

namespace GMem;

/// <summary>
/// Coordinate search: one setting after the other, each of its values with the best known of the others; again until a round changes
/// nothing. Every candidate is measured once, with the same seeds, so that a search is a function of what is measured.
/// </summary>
/// <param name="measure">Measures settings that were not measured before, with the name of what they change of the untuned ones.</param>
/// <param name="mostCopies">The copy share above which a candidate does not win; null for no such rule.</param>
internal sealed class SamplingSearch(Func<string, SamplingOptions, TuningCandidate> measure, double? mostCopies)
{
    private readonly Dictionary<SamplingOptions, TuningCandidate> _known = [];
    private readonly List<TuningCandidate> _all = [];

    /// <summary>Everything that was measured, in its order.</summary>
    public IReadOnlyList<TuningCandidate> All => _all;

    /// <summary>Whether a candidate copies little enough to win.</summary>
    public static bool MayWin(TuningCandidate candidate, double? mostCopies) =>
        mostCopies is not { } most || candidate.CopyShare is not { } share || share <= most;

    /// <summary>Runs the search.</summary>
    /// <param name="untuned">The start, which is never left for anything that is not better.</param>
    /// <param name="settings">In the order in which they are searched.</param>
    /// <param name="rounds">How often, at most.</param>
    /// <returns>The best: of a smaller distance than all before it, and allowed to win; the untuned where there is none.</returns>
    public TuningCandidate Run(SamplingOptions untuned, IReadOnlyList<TunedSetting> settings, int rounds)
    {
        TuningCandidate best = Measure(untuned);
        for (int round = 0; round < rounds; round++)
        {
            TuningCandidate before = best;
            foreach (TunedSetting setting in settings)
            {
                SamplingOptions others = best.Sampling;
                foreach (Func<SamplingOptions, SamplingOptions> apply in setting.Values)
                {
                    TuningCandidate candidate = Measure(apply(others));
                    best = candidate.Distance < best.Distance && MayWin(candidate, mostCopies) ? candidate : best;
                }
            }

            if (ReferenceEquals(best, before))
            {
                break;
            }
        }

        return best;

        TuningCandidate Measure(SamplingOptions sampling)
        {
            if (!_known.TryGetValue(sampling, out TuningCandidate? candidate))
            {
                _known[sampling] = candidate = measure(TunedSetting.Describe(sampling, untuned), sampling);
                _all.Add(candidate);
            }

            return candidate;
        }
    }
}

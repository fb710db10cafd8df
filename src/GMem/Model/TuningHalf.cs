namespace GMem;

/// <summary>The untuned and the tuned settings against one half of the real pictures.</summary>
/// <param name="Untuned">How the model sampled before.</param>
/// <param name="Tuned">What the search chose; the same object where nothing was better.</param>
/// <param name="UnseenCopyShare">
/// The copy share of the real pictures of this half themselves, which the model has not seen; null without training pictures.
/// </param>
public sealed record TuningHalf(TuningCandidate Untuned, TuningCandidate Tuned, double? UnseenCopyShare);

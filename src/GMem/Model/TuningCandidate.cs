using GMem.Sampling;

namespace GMem;

/// <summary>A way of sampling and what was measured of it.</summary>
/// <param name="Change">What it changes of the untuned settings, such as "guidance 1.5 from t = 0.5, shift 2"; "untuned" for none.</param>
/// <param name="Sampling">All of its settings.</param>
/// <param name="Distance">Frechet distance of its images to the real pictures of the half; lower is better.</param>
/// <param name="CopyShare">
/// The share of its images nearer to a training picture than that picture's own neighbour is; null without training pictures.
/// </param>
/// <param name="Duration">How long its images took to make.</param>
public sealed record TuningCandidate(
    string Change, SamplingOptions Sampling, double Distance, double? CopyShare, TimeSpan Duration);

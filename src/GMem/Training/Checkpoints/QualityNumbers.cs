namespace GMem.Training;

/// <summary>What measurements of quality found so far.</summary>
/// <param name="BestDistance">The lowest Frechet distance.</param>
/// <param name="BestStep">Steps done when it was measured; 0 before the first measurement.</param>
/// <param name="WithoutGain">Measurements in a row that did not improve on it.</param>
internal sealed record QualityNumbers(
    double BestDistance = double.PositiveInfinity, long BestStep = 0, int WithoutGain = 0);

namespace GMem.Evaluation;

/// <summary>How two sets of images cover each other, using balls that reach to each image's k-th nearest neighbour.</summary>
/// <param name="Neighbours">k, not counting the image itself.</param>
/// <param name="Precision">Share of generated images inside a real ball (distance at most the radius), 0 to 1: quality.</param>
/// <param name="Recall">Share of real images inside a generated ball (distance at most the radius), 0 to 1: variety.</param>
/// <param name="Density">
/// Mean number of real balls (distance below the radius) that contain a generated image, divided by k; about 1 for equal distributions,
/// may exceed 1.
/// </param>
/// <param name="Coverage">Share of real images whose ball contains a generated image (distance below the radius), 0 to 1.</param>
public sealed record ManifoldScores(int Neighbours, double Precision, double Recall, double Density, double Coverage);

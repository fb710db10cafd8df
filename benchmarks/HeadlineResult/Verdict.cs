namespace HeadlineResult;

/// <summary>What the judge says of one model.</summary>
/// <param name="Frechet">Frechet distance to the reference; lower is better.</param>
/// <param name="Kernel">Kernel distance to it.</param>
/// <param name="Copies">Share of images nearer to their training image than that is to its neighbour.</param>
internal sealed record Verdict(double Frechet, double Kernel, double Copies);

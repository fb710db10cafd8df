namespace GMem.Memory;

/// <summary>A bank in low-rank storage, and how near it is to the one it was made from.</summary>
/// <param name="Bank">The low-rank bank: the same entries in the same order.</param>
/// <param name="CapturedVariance">The part of the variance of the snippets that lies in the basis, 0 to 1.</param>
/// <param name="MeanCosine">Mean over all entries of the cosine between the original snippet and the stored one, at most 1.</param>
public sealed record LowRankCompression(MemoryBank Bank, double CapturedVariance, double MeanCosine);

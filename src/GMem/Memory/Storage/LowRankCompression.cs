namespace GMem.Memory;

/// <summary>A low-rank bank, and how close it is to the bank from which it was made.</summary>
/// <param name="Bank">The low-rank bank: the same entries in the same order.</param>
/// <param name="CapturedVariance">The share of the variance of the snippets that the basis captures, 0 to 1.</param>
/// <param name="MeanCosine">The mean over all entries of the cosine between the original snippet and the stored one, at most 1.</param>
public sealed record LowRankCompression(MemoryBank Bank, double CapturedVariance, double MeanCosine);

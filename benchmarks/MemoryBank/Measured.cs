namespace MemoryBankBenchmark;

/// <summary>What an operation took.</summary>
/// <param name="Seconds">Time.</param>
/// <param name="ResidentGrowth">Largest growth of resident memory in bytes while it ran, mapped files included.</param>
/// <param name="PrivateGrowth">Largest growth of memory without mapped files.</param>
internal sealed record Measured(double Seconds, long ResidentGrowth, long PrivateGrowth);

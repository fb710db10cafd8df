using GMem.Memory;

namespace GMem.Tool.Commands;

/// <summary>A memory bank in short.</summary>
internal static class MemoryValue
{
    public static object Of(MemoryBank bank) => new
    {
        bank.Count,
        bank.Dimension,
        Storage = bank.Storage.Kind,
        bank.Rank,
        Weighted = bank.HasSamplingWeights,
        Labels = bank.Labels.ToDictionary(label => label, bank.CountOf),
    };
}

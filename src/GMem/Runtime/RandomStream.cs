namespace GMem.Runtime;

/// <summary>
/// Random numbers that depend only on (seed, purpose, step). Any step can be replayed, and earlier draws have no effect.
/// Always generated on the CPU so that every device gets the same numbers.
/// </summary>
internal static class RandomStream
{
    public static torch.Generator Create(long seed, RandomPurpose purpose, long step = 0) =>
        new(Derive(seed, purpose, step), torch.CPU);

    /// <summary>A well-mixed 63-bit seed (two rounds of the SplitMix64 finaliser over the three numbers).</summary>
    public static ulong Derive(long seed, RandomPurpose purpose, long step)
    {
        ulong mixed = Mix((ulong)seed + ((ulong)purpose * 0x9E3779B97F4A7C15UL));
        return Mix(mixed + ((ulong)step * 0xD1B54A32D192ED03UL)) >> 1;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}

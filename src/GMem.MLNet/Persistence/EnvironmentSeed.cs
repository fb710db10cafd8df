namespace GMem.MLNet.Persistence;

/// <summary>Whether an environment was given a seed; that is part of an internal interface.</summary>
internal static class EnvironmentSeed
{
    public static bool IsGiven(IHostEnvironment environment) => environment is IHostEnvironmentInternal { Seed: not null };
}

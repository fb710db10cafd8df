namespace GMem.Distributed;

/// <summary>Where a rank is among those of its host, and its share of the processors.</summary>
/// <param name="LocalRank">Its number on its host, from 0.</param>
/// <param name="LocalSize">Ranks on its host.</param>
/// <param name="Threads">Its share of the processors that it may run on.</param>
/// <param name="HostThreads">Threads of all ranks of the host together, at most its processors.</param>
internal sealed record RankPlace(int LocalRank, int LocalSize, int Threads, int HostThreads)
{
    /// <summary>A process by itself.</summary>
    public static RankPlace Alone { get; } = new(0, 1, Environment.ProcessorCount, Environment.ProcessorCount);

    /// <summary>The processors that this process may run on, as text; empty where the system does not say.</summary>
    public static string Processors() => OperatingSystem.IsLinux()
        ? File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("Cpus_allowed:", StringComparison.Ordinal)) ?? ""
        : "";

    /// <param name="places">Host and processors of every rank.</param>
    /// <param name="rank">Which of them this is.</param>
    /// <param name="wantedThreads">How many threads the user wants; null for the rank's share.</param>
    public static RankPlace Of(IReadOnlyList<(string Host, string Processors)> places, int rank, int? wantedThreads)
    {
        int[] here = [.. Enumerable.Range(0, places.Count).Where(other => places[other].Host == places[rank].Host)];
        int sharing = here.Count(other => places[other] == places[rank]);
        int threads = wantedThreads ?? Math.Max(1, Environment.ProcessorCount / sharing);
        int processors = here.DistinctBy(other => places[other].Processors).Count() * Environment.ProcessorCount;
        return new RankPlace(Array.IndexOf(here, rank), here.Length, threads, Math.Min(here.Length * threads, processors));
    }
}

namespace GMem.DistributedTests;

/// <summary>How ranks are started.</summary>
/// <param name="Ranks">How many.</param>
internal sealed record RankLaunch(int Ranks)
{
    /// <summary>What comes before <c>mpirun</c>: another command that starts it.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>Options of <c>mpirun</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = ["--oversubscribe"];

    /// <summary>Variables of the ranks beside those of the tests.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

namespace GMem.DistributedTests;

/// <summary>A run of several ranks that has ended.</summary>
/// <param name="ExitCode">What the launcher returned.</param>
/// <param name="Lines">What the ranks wrote.</param>
/// <param name="Errors">What they and the launcher wrote on standard error.</param>
internal sealed record RankResult(int ExitCode, IReadOnlyList<string> Lines, string Errors)
{
    /// <summary>SHA-256 of the weights, which all ranks must have alike.</summary>
    public string Weights
    {
        get
        {
            string weights = Of("weights").Single();
            Assert.All(Of("rank"), line => Assert.Equal(weights, line.Split(' ')[1]));
            return weights;
        }
    }

    /// <summary>What follows a word at the beginning of a line.</summary>
    public IEnumerable<string> Of(string word) =>
        Lines.Where(l => l.StartsWith($"{word}: ", StringComparison.Ordinal)).Select(l => l[(word.Length + 2)..]);

    /// <summary>Lines by which ranks say what ended them.</summary>
    public string[] Messages => [.. Errors.Split('\n').Where(l => l.StartsWith("error: ", StringComparison.Ordinal))];

    public RankResult RequireSuccess()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Errors}\n{string.Join('\n', Lines.TakeLast(20))}");
        return this;
    }

    /// <summary>The run failed, and one rank said why for all.</summary>
    public string RequireOneMessage(int exitCode = 1)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, expected {exitCode}\n{Errors}");
        Assert.True(Messages.Length == 1, $"{Messages.Length} messages, expected 1\n{Errors}");
        return Messages[0];
    }
}

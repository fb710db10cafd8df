namespace GMem.DistributedTests;

/// <summary>Ranks that were not given the same end with one message and exit code 2.</summary>
public sealed class DifferingRanksTests
{
    [Theory]
    [InlineData("learning-rate@1=0.5", "Training.LearningRate is 0.5 (on rank 0: 0.001)")]
    [InlineData("width@1=64", "Network.HiddenSize is 64 (on rank 0: 32)")]
    [InlineData("validation@1=0.25", "Training.ValidationFraction is 0.25 (on rank 0: 0)")]
    [InlineData("images@1=25", "Data.Images is [25, 3, 8, 8] (on rank 0: [24, 3, 8, 8])")]
    [InlineData("pixel@1=77", "Data.Images is [24, 3, 8, 8] ")]
    [InlineData("bank@1=1", "Data.Snippets is [24, 12] (on rank 0: not there)")]
    public void Fit_OfRanksThatDiffer_EndsWithOneMessage(string argument, string message)
    {
        string said = RankRun.Of(2, "fit", argument, "timeout=30").RequireOneMessage(exitCode: 2);
        Assert.StartsWith($"error: Rank 1 of 2 was not given what rank 0 was: {message}", said, StringComparison.Ordinal);
    }

    /// <summary>The lowest rank that differs is named.</summary>
    [Fact]
    public void Fit_OfRanksThatDifferInABank_NamesTheLowestOfThem()
    {
        string said = RankRun.Of(4, "fit", "bank=0", "bank@2=1", "bank@3=2", "timeout=30").RequireOneMessage(exitCode: 2);
        Assert.StartsWith("error: Rank 2 of 4 was not given what rank 0 was: Data.Snippets is ", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Data.Images", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_OfAWorkspaceOnTheFirstRankAlone_EndsWithOneMessage()
    {
        using Tests.Shared.TemporaryFolder folder = new();
        string said = RankRun.Of(2, "fit", $"workspace@0={folder.File("run")}", "timeout=30").RequireOneMessage(exitCode: 2);
        Assert.Contains("WorkspacePath is null (on rank 0: set)", said, StringComparison.Ordinal);
    }
}

namespace GMem.Distributed;

/// <summary>
/// The ranks of a run were not given the same: options, versions or data. Thrown by all of them alike, and the message names what differs
/// on the lowest rank that does. A program that it ends returns 2.
/// </summary>
public sealed class RanksDifferException : InvalidOperationException
{
    /// <param name="message">Which rank differs from rank 0, and in what.</param>
    public RanksDifferException(string message)
        : base(message)
    {
    }
}

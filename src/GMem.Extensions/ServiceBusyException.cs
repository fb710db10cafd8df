namespace GMem.Extensions;

/// <summary>Thrown when an <see cref="ImageService"/> refuses a call because its queue, or the caller's share of it, is full.</summary>
public sealed class ServiceBusyException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which limit was reached.</param>
    /// <param name="retryAfter">When to try again.</param>
    public ServiceBusyException(string message, TimeSpan retryAfter)
        : base(message) => RetryAfter = retryAfter;

    /// <summary>
    /// After what time it is worth trying again: an estimate from the number of waiting images and the time that recent batches took.
    /// </summary>
    public TimeSpan RetryAfter { get; }
}

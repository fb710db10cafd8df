namespace GMem.Runtime;

/// <summary>
/// libtorch, or a device of it, cannot be used. The message says what was found, what is missing and what mends it.
/// </summary>
public sealed class GMemRuntimeException : Exception
{
    /// <summary>Makes the exception from its whole message and, where there is one, the loader's own error.</summary>
    /// <param name="message">What was found, what is missing, what to do.</param>
    /// <param name="innerException">The error of the dynamic loader, or null.</param>
    public GMemRuntimeException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

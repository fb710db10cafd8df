namespace GMem.Runtime;

/// <summary>
/// Thrown when libtorch or one of its devices cannot be used. The message says what was found, what is missing and how to fix it.
/// </summary>
public sealed class GMemRuntimeException : Exception
{
    /// <summary>Creates the exception from its full message and, if there is one, the loader's own error.</summary>
    /// <param name="message">What was found, what is missing, what to do.</param>
    /// <param name="innerException">The error of the dynamic loader, or null.</param>
    public GMemRuntimeException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

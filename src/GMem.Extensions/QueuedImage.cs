namespace GMem.Extensions;

/// <summary>One requested image in the queue.</summary>
/// <param name="Index">Index of the request among the caller's requests.</param>
/// <param name="Request">What to generate.</param>
/// <param name="Caller">The caller to notify.</param>
internal sealed record QueuedImage(int Index, GenerationRequest Request, Caller Caller);

namespace GMem.Extensions;

/// <summary>One image that somebody waits for.</summary>
/// <param name="Index">Which of the caller's requests it is for.</param>
/// <param name="Request">What to make.</param>
/// <param name="Caller">Who waits.</param>
internal sealed record QueuedImage(int Index, GenerationRequest Request, Caller Caller);

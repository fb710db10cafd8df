namespace GMem.Extensions;

/// <summary>One image taken from the queue.</summary>
/// <param name="Index">Index of the request in its call.</param>
/// <param name="Request">What to generate.</param>
/// <param name="Call">The call to give it to.</param>
internal sealed record QueuedImage(int Index, GenerationRequest Request, ImageCall Call);

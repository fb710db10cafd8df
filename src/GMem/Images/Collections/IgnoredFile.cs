namespace GMem.Images;

/// <summary>Something that lies beside images and is not read as one.</summary>
/// <param name="Path">Its path, or what can be said of it where its name cannot be read.</param>
/// <param name="Reason">Why, as a phrase: <c>.txt</c>, <c>hidden</c>, <c>HEIC, which cannot be decoded</c>.</param>
/// <param name="IsSuspect">
/// Whether it may well be a picture that is missed: a link to nothing, a name that cannot be read, a HEIC photograph. False for text files,
/// hidden files and the like.
/// </param>
public sealed record IgnoredFile(string Path, string Reason, bool IsSuspect);

namespace GMem.Images;

/// <summary>What lies in a folder or archive, before it is asked which of it are images.</summary>
/// <param name="Names">Files, relative to it, with forward slashes.</param>
/// <param name="Ignored">What cannot be read, relative to it too.</param>
/// <param name="Warning">What a user should know of the names; null for nothing.</param>
internal sealed record FoundFiles(IReadOnlyList<string> Names, IReadOnlyList<IgnoredFile> Ignored, string? Warning = null);

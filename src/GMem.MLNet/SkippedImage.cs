namespace GMem.MLNet;

/// <summary>A training image that was left out because it cannot be used.</summary>
/// <param name="Source">Its file, or the row that it is in.</param>
/// <param name="Reason">What is wrong with it, in a sentence that names it.</param>
public sealed record SkippedImage(string Source, string Reason);

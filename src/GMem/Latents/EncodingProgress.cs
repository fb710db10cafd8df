namespace GMem.Latents;

/// <summary>
/// How far the encoding of the training images has come. It is done once, before training; what an earlier run left in the workspace is
/// found, not encoded.
/// </summary>
/// <param name="Encoded">Images that this run encoded.</param>
/// <param name="Found">Images whose latents, snippets or tokens an earlier run had encoded.</param>
/// <param name="Total">All images.</param>
public readonly record struct EncodingProgress(long Encoded, long Found, long Total)
{
    /// <summary>What went wrong and was put right, such as a damaged file that is encoded again; null for nothing.</summary>
    public string? Warning { get; init; }
}

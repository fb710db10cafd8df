namespace GMem.Sampling;

/// <summary>
/// How the snippets of drawn entries are turned, so that what is generated is not a training image's own snippet. Immutable.
/// </summary>
/// <remarks>
/// The turned snippet is a function of the entry and the request's seed. Only entries that a seed or a label draws are turned; an entry
/// asked for by its index, a snippet and an image are taken as they are.
/// </remarks>
public sealed record SnippetNovelty
{
    /// <summary>Cosine between the snippet and the entry it is made of, in (0, 1]; 1 leaves it as it is. Default 0.9.</summary>
    public double Cosine { get; init; } = 0.9;

    /// <summary>
    /// 0: it is turned in a random direction. From 1: towards one of so many nearest entries, which the seed picks, and at most half way,
    /// so that it stays among real snippets. At most 4096. Default 0.
    /// </summary>
    public int Neighbours { get; init; }
}

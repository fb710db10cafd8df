namespace GMem.Memory;

/// <summary>How one snippet is made of two. Every result is brought to unit length.</summary>
/// <remarks>GMem (arXiv 2412.08781), "internal" memory: new entries from old ones.</remarks>
public enum SnippetInterpolation
{
    /// <summary><c>(1 - fraction) first + fraction second</c>. The default.</summary>
    Linear = 0,

    /// <summary>Along the great circle between the two, at an even pace.</summary>
    Spherical = 1,

    /// <summary>The first <c>floor(m / 2)</c> components of the first, the rest of the second; the fraction does not matter.</summary>
    Concat = 2,

    /// <summary>Each component from either with even chances, drawn from the seed; the fraction does not matter.</summary>
    Mask = 3,
}

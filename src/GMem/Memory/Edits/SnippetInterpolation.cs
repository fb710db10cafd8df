namespace GMem.Memory;

/// <summary>Methods of interpolation between two snippets. Every result is brought to unit length.</summary>
/// <remarks>GMem (arXiv 2412.08781), "internal" memory: new entries from old ones.</remarks>
public enum SnippetInterpolation
{
    /// <summary><c>(1 - fraction) first + fraction second</c>. The default.</summary>
    Linear = 0,

    /// <summary>Along the great circle through both, at constant angular speed.</summary>
    Spherical = 1,

    /// <summary>The first <c>floor(m / 2)</c> components of the first, the rest of the second. The fraction is ignored.</summary>
    Concat = 2,

    /// <summary>Each component from either with equal probability, drawn from the seed. The fraction is ignored.</summary>
    Mask = 3,
}

namespace GMem.Memory;

/// <summary>How a bank keeps its snippets.</summary>
public enum SnippetStorage
{
    /// <summary>Every row in 32-bit floats: <c>4 n m</c> bytes. The default.</summary>
    Float32 = 0,

    /// <summary>Every row in 16-bit floats: half of that. Rows are brought back to unit length when they are read; products are formed in 32 bits.</summary>
    Float16 = 1,

    /// <summary>A mean, an orthonormal basis <c>[m, d]</c> and coefficients <c>[n, d]</c> in 32-bit floats: <c>4 n d</c> bytes and a little. Rows are approximations, of unit length.</summary>
    LowRank = 2,
}

namespace GMem.Backbone;

/// <summary>How the weights of a new <see cref="SiT"/> are drawn.</summary>
/// <remarks>
/// Common to both: Xavier-uniform linear layers with zero biases (the patch embedding counts as a linear layer), normal with standard
/// deviation 0.02 for the time embedding and the label table, and a last linear layer of zeros, so that a new network predicts zero.
/// </remarks>
public enum SiTInitialisation
{
    /// <summary>
    /// The adaLN layers are zero as well: every block starts as the identity (adaLN-zero; DiT, arXiv 2212.09748, section 3.2, and SiT).
    /// </summary>
    AdaLNZero,

    /// <summary>The adaLN layers keep their Xavier-uniform weights, as in the public GMem code.</summary>
    PublicGMem,
}

namespace GMem.Transport;

/// <summary>
/// The diffusion coefficient w(t) of the reverse-time SDE dx = (drift + w score) dt + sqrt(2 w) dW. Every choice has the same marginals
/// (SiT, arXiv 2401.08740, section 2.4 and table 1); they differ in how the error of a learned field grows. A norm multiplies them.
/// </summary>
public enum DiffusionForm
{
    /// <summary>w = norm.</summary>
    Constant = 0,

    /// <summary>
    /// w = norm (alpha'/alpha sigma^2 - sigma sigma'): the diffusion of score-based models. Infinite at t = 0 for the linear and GVP paths.
    /// </summary>
    Sbdm = 1,

    /// <summary>w = norm sigma(t).</summary>
    Sigma = 2,

    /// <summary>w = norm (1 - t).</summary>
    Linear = 3,

    /// <summary>w = (norm cos(pi t) + 1)^2 / 4.</summary>
    Decreasing = 4,

    /// <summary>w = norm sin^2(pi t).</summary>
    IncreasingDecreasing = 5,
}

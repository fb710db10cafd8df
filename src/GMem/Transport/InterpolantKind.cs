namespace GMem.Transport;

/// <summary>The paths from noise to data that are built in; <see cref="InterpolantPath.Of"/> gives the path.</summary>
public enum InterpolantKind
{
    /// <summary>Straight lines: alpha = t, sigma = 1 - t.</summary>
    Linear = 0,

    /// <summary>Generalized variance preserving: alpha = sin(pi t / 2), sigma = cos(pi t / 2).</summary>
    Gvp = 1,

    /// <summary>Variance preserving diffusion with a linear noise schedule between 0.1 and 20.</summary>
    Vp = 2,
}

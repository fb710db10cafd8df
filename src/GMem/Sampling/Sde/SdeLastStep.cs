namespace GMem.Sampling;

/// <summary>
/// The extra step without noise which the SDE sampler takes after its interval, from 1 - size to the data, because there the score is
/// nearly infinite and noise would stay in the image.
/// </summary>
public enum SdeLastStep
{
    /// <summary>No extra step: the interval itself ends at 1 - epsilon, and the last noise stays in the image.</summary>
    None = 0,

    /// <summary>One step of the SDE's drift.</summary>
    Mean = 1,

    /// <summary>Tweedie's formula, the expected data: x / alpha + sigma^2 / alpha score.</summary>
    Tweedie = 2,

    /// <summary>One Euler step of the ODE.</summary>
    Euler = 3,
}

namespace GMem.Transport;

/// <summary>How the squared error of a noise or score prediction is weighted over time. Velocity predictions are never weighted.</summary>
public enum LossWeighting
{
    /// <summary>Weight 1.</summary>
    None = 0,

    /// <summary>Weight (alpha'/alpha sigma - sigma')^2: the error of the velocity that the prediction implies.</summary>
    Velocity = 1,

    /// <summary>Weight (alpha'/alpha sigma^2 - sigma sigma') / sigma^2: the bound on the likelihood.</summary>
    Likelihood = 2,
}

namespace GMem.Sampling;

/// <summary>Which equation turns noise into data. Both have the same distribution of results for an exact network.</summary>
public enum SamplerKind
{
    /// <summary>The probability-flow ODE: deterministic, few evaluations.</summary>
    Ode = 0,

    /// <summary>The reverse-time SDE: fresh noise at every step corrects errors, at the price of more evaluations.</summary>
    Sde = 1,
}

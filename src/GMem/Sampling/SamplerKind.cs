namespace GMem.Sampling;

/// <summary>Which equation turns noise into data. All have the same distribution of results for an exact network.</summary>
public enum SamplerKind
{
    /// <summary>The probability-flow ODE: deterministic, few evaluations.</summary>
    Ode = 0,

    /// <summary>The reverse-time SDE: fresh noise at every step corrects errors, at the price of more evaluations.</summary>
    Sde = 1,

    /// <summary>
    /// The ODE's own solution as a network learnt it, in one to a few steps of one evaluation each. For models that were trained with
    /// <see cref="Training.FlowMapOptions"/>, which the other two can sample from as well.
    /// </summary>
    FlowMap = 2,
}

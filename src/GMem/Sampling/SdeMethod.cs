namespace GMem.Sampling;

/// <summary>How the stochastic differential equation is integrated.</summary>
public enum SdeMethod
{
    /// <summary>Euler-Maruyama: one network evaluation a step.</summary>
    EulerMaruyama = 0,

    /// <summary>Heun's method after the noise of the step has been added: two network evaluations a step.</summary>
    Heun = 1,
}

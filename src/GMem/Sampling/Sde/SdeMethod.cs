namespace GMem.Sampling;

/// <summary>The built-in ways to integrate a stochastic differential equation. Each converts to its <see cref="SdeStepper"/>.</summary>
public enum SdeMethod
{
    /// <summary>Euler-Maruyama: one network evaluation a step.</summary>
    EulerMaruyama = 0,

    /// <summary>Heun's method after the noise of the step has been added: two network evaluations a step.</summary>
    Heun = 1,
}

/// <summary>The steppers of <see cref="SdeMethod"/>, and those that users registered.</summary>
internal static class SdeMethods
{
    public static StepperRegistry<SdeStepper> Registry { get; } = new(new EulerMaruyama(), new NoiseThenHeun());
}

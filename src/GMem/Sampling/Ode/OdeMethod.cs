namespace GMem.Sampling;

/// <summary>
/// The built-in ways to integrate an ordinary differential equation. Each converts to its <see cref="OdeStepper"/>. Evaluations are those
/// of the network, per step.
/// </summary>
public enum OdeMethod
{
    /// <summary>Order 1, one evaluation.</summary>
    Euler = 0,

    /// <summary>Heun's method (the explicit trapezoid rule), order 2, two evaluations.</summary>
    Heun = 1,

    /// <summary>Heun's third-order method, three evaluations.</summary>
    Heun3 = 2,

    /// <summary>The explicit midpoint rule, order 2, two evaluations; never evaluates at the end of a step.</summary>
    Midpoint = 3,

    /// <summary>The classical fourth-order method in its 3/8 form, four evaluations.</summary>
    RungeKutta4 = 4,

    /// <summary>
    /// Dormand-Prince 5(4) with adaptive steps, six evaluations. Steps are chosen by tolerances instead of a count. It may evaluate
    /// beyond the end of the interval, and interpolates back.
    /// </summary>
    Dopri5 = 5,
}

/// <summary>The steppers of <see cref="OdeMethod"/>, and those that users registered.</summary>
internal static class OdeMethods
{
    public static StepperRegistry<OdeStepper> Registry { get; } = new(
        new RungeKutta(nameof(OdeMethod.Euler), 1, [0], [[]], [1]),
        new RungeKutta(nameof(OdeMethod.Heun), 2, [0, 1], [[], [1]], [1.0 / 2, 1.0 / 2]),
        new RungeKutta(nameof(OdeMethod.Heun3), 3, [0, 1.0 / 3, 2.0 / 3], [[], [1.0 / 3], [0, 2.0 / 3]], [1.0 / 4, 0, 3.0 / 4]),
        new RungeKutta(nameof(OdeMethod.Midpoint), 2, [0, 1.0 / 2], [[], [1.0 / 2]], [0, 1]),
        new RungeKutta(
            nameof(OdeMethod.RungeKutta4),
            4,
            [0, 1.0 / 3, 2.0 / 3, 1],
            [[], [1.0 / 3], [-1.0 / 3, 1], [1, -1, 1]],
            [1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8]),
        new DormandPrince());
}

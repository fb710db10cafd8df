namespace GMem.Sampling;

/// <summary>How an ordinary differential equation is integrated. Evaluations are those of the network, per step.</summary>
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

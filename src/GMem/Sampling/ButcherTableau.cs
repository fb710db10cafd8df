namespace GMem.Sampling;

/// <summary>An explicit Runge-Kutta method: slope i is taken at t + Nodes[i] h, at the state y + h sum_j Stages[i][j] k_j.</summary>
/// <param name="Nodes">Where in the step each slope is taken.</param>
/// <param name="Stages">Weights of the earlier slopes, one row a slope; the first is empty.</param>
/// <param name="Output">Weights of the slopes in the result.</param>
internal sealed record ButcherTableau(double[] Nodes, double[][] Stages, double[] Output)
{
    private static readonly ButcherTableau Euler = new([0], [[]], [1]);

    private static readonly ButcherTableau Heun = new([0, 1], [[], [1]], [1.0 / 2, 1.0 / 2]);

    private static readonly ButcherTableau Heun3 = new([0, 1.0 / 3, 2.0 / 3], [[], [1.0 / 3], [0, 2.0 / 3]], [1.0 / 4, 0, 3.0 / 4]);

    private static readonly ButcherTableau Midpoint = new([0, 1.0 / 2], [[], [1.0 / 2]], [0, 1]);

    private static readonly ButcherTableau ThreeEighths = new(
        [0, 1.0 / 3, 2.0 / 3, 1], [[], [1.0 / 3], [-1.0 / 3, 1], [1, -1, 1]], [1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8]);

    /// <summary>Dormand and Prince (1980), 5(4), seven slopes of which the last is the first of the next step.</summary>
    private static readonly ButcherTableau DormandPrince = new(
        [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1],
        [
            [],
            [1.0 / 5],
            [3.0 / 40, 9.0 / 40],
            [44.0 / 45, -56.0 / 15, 32.0 / 9],
            [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
            [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
            [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
        ],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0]);

    /// <summary>Whether a slope is taken at the very end of the step.</summary>
    public bool EvaluatesEnd => Nodes[^1] == 1;

    public static ButcherTableau Of(OdeMethod method) => method switch
    {
        OdeMethod.Euler => Euler,
        OdeMethod.Heun => Heun,
        OdeMethod.Heun3 => Heun3,
        OdeMethod.Midpoint => Midpoint,
        OdeMethod.RungeKutta4 => ThreeEighths,
        OdeMethod.Dopri5 => DormandPrince,
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, $"Not one of {string.Join(", ", Enum.GetNames<OdeMethod>())}."),
    };
}

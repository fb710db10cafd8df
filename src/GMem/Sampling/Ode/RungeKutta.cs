using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// An explicit Runge-Kutta method of fixed steps: slope i is taken at t + nodes[i] h, at the state y + h sum_j stages[i][j] k_j.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="order">Its order.</param>
/// <param name="nodes">Where in the step each slope is taken.</param>
/// <param name="stages">Weights of the earlier slopes, one row a slope; the first is empty.</param>
/// <param name="output">Weights of the slopes in the result.</param>
internal sealed class RungeKutta(string name, int order, double[] nodes, double[][] stages, double[] output)
    : OdeStepper(name, order, nodes.Length)
{
    public override double Reach => nodes[^1];

    public override Tensor[] Step(OdeStep step)
    {
        List<Tensor[]> slopes = [step.Slope(step.Start, step.State)];
        for (int i = 1; i < nodes.Length; i++)
        {
            slopes.Add(step.Slope(Time(nodes[i], step.Start, step.Size, step.End), Combine(step.State, slopes, stages[i], step.Size)));
        }

        return Combine(step.State, slopes, output, step.Size);
    }

    /// <summary>The time at a node; the last of all is the end of the step to the bit.</summary>
    public static double Time(double node, double start, double size, double end) => node == 1 ? end : start + (node * size);

    /// <summary>y + size sum_j weights[j] slopes[j], for each part of the state.</summary>
    public static Tensor[] Combine(Tensor[] state, IEnumerable<Tensor[]> slopes, double[] weights, double size) =>
        OdeStep.Advance(state, size, [.. weights.Zip(slopes)]);
}

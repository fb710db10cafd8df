using GMem.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>The right-hand side dy/dt of an equation whose state is one or several tensors. Returns new tensors.</summary>
internal delegate Tensor[] OdeFunction(double time, Tensor[] state);

internal static class RungeKutta
{
    /// <summary>One step of an explicit method from <paramref name="time"/> to <paramref name="next"/>. Intermediates stay in the caller's dispose scope.</summary>
    public static Tensor[] Step(ButcherTableau tableau, OdeFunction function, double time, double next, Tensor[] state)
    {
        double size = next - time;
        List<Tensor[]> slopes = [function(time, state)];
        for (int i = 1; i < tableau.Nodes.Length; i++)
        {
            Tensor[] stage = Combine(state, slopes, tableau.Stages[i], size);
            slopes.Add(function(tableau.Nodes[i] == 1 ? next : time + (tableau.Nodes[i] * size), stage));
        }

        return Combine(state, slopes, tableau.Output, size);
    }

    /// <summary>y + size sum_j weights[j] slopes[j], for each part of the state.</summary>
    public static Tensor[] Combine(Tensor[] state, List<Tensor[]> slopes, double[] weights, double size)
    {
        Tensor[] result = new Tensor[state.Length];
        for (int part = 0; part < state.Length; part++)
        {
            Tensor? sum = null;
            for (int j = 0; j < weights.Length; j++)
            {
                if (weights[j] != 0)
                {
                    double factor = weights[j] * size;
                    sum = sum is null ? state[part].PlusScaled(factor, slopes[j][part]) : sum.PlusScaledInPlace(factor, slopes[j][part]);
                }
            }

            result[part] = sum ?? state[part].clone();
        }

        return result;
    }
}

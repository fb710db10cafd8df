using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// Inpainting without training (RePaint, arXiv 2201.09865, algorithm 1): after every step what is kept is put back at the noise level that
/// was reached, then noise is added to go back by that step and take it again, so that what is painted comes to fit what is kept.
/// </summary>
/// <remarks>
/// The jump of the paper is one step here: a 25th of the time with the default 25 steps, as are its 10 of 250. In the limit of many small
/// steps and resamplings the result has the distribution of the data given what is kept.
/// </remarks>
/// <param name="mask">bool <c>[B, 1, ...]</c>: true where data are painted, false where they are kept.</param>
/// <param name="resamplings">How often each step but the last is taken, at least 1.</param>
/// <param name="draws">Standard normal noise <c>[B, ...]</c>, by an index from 0.</param>
internal sealed class Repainting(Tensor mask, int resamplings, Func<int, Tensor> draws)
{
    /// <summary>How many steps are taken over a grid of so many.</summary>
    public int Visits(int steps) => steps == 0 ? 0 : ((steps - 1) * resamplings) + 1;

    /// <summary>Those of some of the rows.</summary>
    public Repainting Rows(long begin, long count) =>
        new(mask.narrow(0, begin, count), resamplings, index => draws(index).narrow(0, begin, count));

    /// <summary>What was painted where it is to be, and what is kept elsewhere.</summary>
    public Tensor Combine(Tensor painted, Tensor kept) => where(mask, painted, kept);

    /// <summary>Goes over a rising grid.</summary>
    /// <param name="path">The path.</param>
    /// <param name="source">What the flow starts from; null for N(0, I).</param>
    /// <param name="data">The data of which a part is kept.</param>
    /// <param name="initial">The state at the first time.</param>
    /// <param name="times">The grid.</param>
    /// <param name="step">A state after a step of the grid, given the state before, the step's index, and that of the visit.</param>
    /// <param name="visitDone">Told after each visit how many there were.</param>
    /// <returns>The state at the last time.</returns>
    public Tensor Run(
        InterpolantPath path,
        GaussianSource? source,
        Tensor data,
        Tensor initial,
        double[] times,
        Func<Tensor, int, int, Tensor> step,
        Action<int>? visitDone)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor state = initial;
        for (int i = 0, visit = 0; i < times.Length - 1; i++)
        {
            int repeats = i == times.Length - 2 ? 1 : resamplings;
            for (int repeat = 1; repeat <= repeats; repeat++, visit++)
            {
                using DisposeScope visitScope = NewDisposeScope();
                Tensor next = Combine(step(state, i, visit), At(path, source, data, times[i + 1], draws(2 * visit)));
                next = repeat < repeats ? Back(path, source, next, times[i + 1], times[i], draws((2 * visit) + 1)) : next;
                if (!ReferenceEquals(state, initial))
                {
                    state.Dispose();
                }

                state = next.MoveToOuterDisposeScope();
                visitDone?.Invoke(visit + 1);
            }
        }

        return ReferenceEquals(state, initial) ? initial : state.MoveToOuterDisposeScope();
    }

    /// <summary>Data at a noise level: alpha x1 + sigma x0.</summary>
    private static Tensor At(InterpolantPath path, GaussianSource? source, Tensor data, double time, Tensor noise) =>
        path.Interpolate(data.Filled(1, time), source?.Draw(noise) ?? noise, data);

    /// <summary>
    /// A state at an earlier time of the same path, given that at a later one: both are alpha x1 + sigma x0, so with r the quotient of
    /// their alphas it is r x, and of x0 what is missing, (s - r s') of its mean and s^2 - r^2 s'^2 of its variance.
    /// </summary>
    private static Tensor Back(InterpolantPath path, GaussianSource? source, Tensor x, double later, double earlier, Tensor noise)
    {
        Tensor t = x.Filled(1, later), s = x.Filled(1, earlier);
        Tensor quotient = path.Alpha(s).div_(path.Alpha(t)), left = path.Sigma(t).mul_(quotient), sigma = path.Sigma(s);
        Tensor missing = sigma.sub(left);
        Tensor deviation = sigma.Plus(left).mul_(missing).abs_().sqrt_();
        Tensor moved = x.mul(InterpolantPath.Rows(quotient, x));
        moved = source is null ? moved : moved.PlusProduct(InterpolantPath.Rows(missing, x), source.Mean);
        return moved.PlusProduct(InterpolantPath.Rows(deviation.TimesInPlace(source?.Scale ?? 1), x), noise);
    }
}

using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>
/// An interpolant xt = alpha(t) x1 + sigma(t) x0 between noise x0 (at t = 0) and data x1 (at t = 1), and the conversions
/// between what can be predicted on it (SiT, arXiv 2401.08740, sections 2.1-2.3; that paper counts time the other way round).
/// </summary>
/// <remarks>
/// All methods are pure functions of tensors: times are <c>[B]</c> (or <c>[1]</c>, one time for all rows), states <c>[B, ...]</c>, results
/// new tensors in the type and on the device of the arguments. float32 and float64 both work. Conversions are written in forms without
/// differences of nearly equal numbers, so that they keep their precision towards both ends; where a quantity is infinite at an end, it is
/// infinite (or not a number) here too.
/// </remarks>
internal abstract class InterpolantPath
{
    private protected InterpolantPath()
    {
    }

    /// <summary>alpha = t, sigma = 1 - t.</summary>
    public static InterpolantPath Linear { get; } = new LinearPath();

    /// <summary>alpha = sin(pi t / 2), sigma = cos(pi t / 2).</summary>
    public static InterpolantPath Gvp { get; } = new GvpPath();

    /// <summary>alpha = exp(-(1 - t)^2 (20 - 0.1) / 4 - (1 - t) 0.1 / 2), sigma = sqrt(1 - alpha^2).</summary>
    public static InterpolantPath Vp { get; } = new VpPath();

    /// <summary>Which of the built-in paths this is.</summary>
    public abstract InterpolantKind Kind { get; }

    /// <summary>The path of a kind.</summary>
    /// <param name="kind">One of the built-in paths.</param>
    /// <returns>The one instance of it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such kind.</exception>
    public static InterpolantPath Of(InterpolantKind kind) => kind switch
    {
        InterpolantKind.Linear => Linear,
        InterpolantKind.Gvp => Gvp,
        InterpolantKind.Vp => Vp,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an interpolant: Linear, Gvp or Vp."),
    };

    /// <summary>alpha(t), the share of the data.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>.</returns>
    public abstract Tensor Alpha(Tensor t);

    /// <summary>d alpha / d t.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>.</returns>
    public abstract Tensor AlphaDerivative(Tensor t);

    /// <summary>sigma(t), the share of the noise.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>.</returns>
    public abstract Tensor Sigma(Tensor t);

    /// <summary>d sigma / d t.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>; minus infinity for VP at t = 1.</returns>
    public abstract Tensor SigmaDerivative(Tensor t);

    /// <summary>alpha'(t) / alpha(t).</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>; infinite at t = 0 for Linear and GVP.</returns>
    public abstract Tensor AlphaLogDerivative(Tensor t);

    /// <summary>alpha'/alpha sigma^2 - sigma sigma', by which the score enters the velocity.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>; infinite at t = 0 for Linear and GVP.</returns>
    public abstract Tensor DriftVariance(Tensor t);

    /// <summary>
    /// alpha'/alpha sigma - sigma', by which minus the noise enters the velocity. Equals DriftVariance / sigma, also where sigma is 0.
    /// </summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <returns><c>[B]</c>; infinite at t = 0 for Linear and GVP, at t = 1 for VP.</returns>
    public abstract Tensor NoiseRate(Tensor t);

    /// <summary>The score that belongs to a velocity.</summary>
    /// <param name="t">Times <c>[B]</c>, below 1 for Linear and GVP.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="velocity">Velocities <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public abstract Tensor ScoreFromVelocity(Tensor t, Tensor x, Tensor velocity);

    /// <summary>The noise that belongs to a velocity.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="velocity">Velocities <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public abstract Tensor NoiseFromVelocity(Tensor t, Tensor x, Tensor velocity);

    /// <summary>The state alpha(t) x1 + sigma(t) x0.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <param name="x0">Noise <c>[B, ...]</c>.</param>
    /// <param name="x1">Data <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public virtual Tensor Interpolate(Tensor t, Tensor x0, Tensor x1)
    {
        using DisposeScope scope = NewDisposeScope();
        return Combine(Alpha(t), x1, Sigma(t), x0).MoveToOuterDisposeScope();
    }

    /// <summary>The velocity alpha'(t) x1 + sigma'(t) x0 of the state.</summary>
    /// <param name="t">Times <c>[B]</c>.</param>
    /// <param name="x0">Noise <c>[B, ...]</c>.</param>
    /// <param name="x1">Data <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public virtual Tensor Velocity(Tensor t, Tensor x0, Tensor x1)
    {
        using DisposeScope scope = NewDisposeScope();
        return Combine(AlphaDerivative(t), x1, SigmaDerivative(t), x0).MoveToOuterDisposeScope();
    }

    /// <summary>alpha'/alpha x, by which the state enters the velocity.</summary>
    /// <param name="t">Times <c>[B]</c>, above 0 for Linear and GVP.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public Tensor DriftMean(Tensor t, Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return Rows(AlphaLogDerivative(t), x).mul(x).MoveToOuterDisposeScope();
    }

    /// <summary>The velocity that belongs to a score.</summary>
    /// <param name="t">Times <c>[B]</c>, above 0 for Linear and GVP.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="score">Scores <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public Tensor VelocityFromScore(Tensor t, Tensor x, Tensor score)
    {
        using DisposeScope scope = NewDisposeScope();
        return Combine(AlphaLogDerivative(t), x, DriftVariance(t), score).MoveToOuterDisposeScope();
    }

    /// <summary>The velocity that belongs to a noise prediction.</summary>
    /// <param name="t">Times <c>[B]</c>, above 0 for Linear and GVP, below 1 for VP.</param>
    /// <param name="x">States <c>[B, ...]</c>.</param>
    /// <param name="noise">Noise <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public Tensor VelocityFromNoise(Tensor t, Tensor x, Tensor noise)
    {
        using DisposeScope scope = NewDisposeScope();
        return Combine(AlphaLogDerivative(t), x, NoiseRate(t).neg_(), noise).MoveToOuterDisposeScope();
    }

    /// <summary>The score -noise / sigma(t).</summary>
    /// <param name="t">Times <c>[B]</c>, below 1.</param>
    /// <param name="noise">Noise <c>[B, ...]</c>.</param>
    /// <returns><c>[B, ...]</c>.</returns>
    public Tensor ScoreFromNoise(Tensor t, Tensor noise)
    {
        using DisposeScope scope = NewDisposeScope();
        return noise.div(Rows(Sigma(t).neg_(), noise)).MoveToOuterDisposeScope();
    }

    /// <summary>The diffusion coefficient w(t) of the sampling SDE.</summary>
    /// <param name="t">Times <c>[B]</c>, above 0 for <see cref="DiffusionForm.Sbdm"/> on Linear and GVP.</param>
    /// <param name="form">Its form.</param>
    /// <param name="norm">Its norm, 0 or above. Default 1.</param>
    /// <returns><c>[B]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such form.</exception>
    public Tensor Diffusion(Tensor t, DiffusionForm form, double norm = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor diffusion = form switch
        {
            DiffusionForm.Constant => t.Filled(t.size(0), norm),
            DiffusionForm.Sbdm => DriftVariance(t).TimesInPlace(norm),
            DiffusionForm.Sigma => Sigma(t).TimesInPlace(norm),
            DiffusionForm.Linear => t.OneMinus().TimesInPlace(norm),
            DiffusionForm.Decreasing => t.Times(Math.PI).cos_().TimesInPlace(norm).PlusInPlace(1).Squared().TimesInPlace(0.25),
            DiffusionForm.IncreasingDecreasing => t.Times(Math.PI).sin_().Squared().TimesInPlace(norm),
            _ =>
                throw new ArgumentOutOfRangeException(
                    nameof(form), form, "Not a diffusion form: Constant, Sbdm, Sigma, Linear, Decreasing or IncreasingDecreasing."),
        };
        return diffusion.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string ToString() => Kind.ToString();

    /// <summary>A coefficient <c>[B]</c> or <c>[1]</c> shaped <c>[B, 1, ...]</c>, to multiply the rows of <paramref name="x"/>.</summary>
    internal static Tensor Rows(Tensor coefficient, Tensor x)
    {
        long count = coefficient.Dimensions == 1 ? coefficient.size(0) : 0;
        if (x.Dimensions < 1 || (count != 1 && count != x.size(0)) || count == 0)
        {
            throw new ArgumentException(
                $"Times [{string.Join(", ", coefficient.shape)}] do not fit states [{string.Join(", ", x.shape)}]: give one time a row, "
                    + "or one for all.");
        }

        long[] shape = new long[x.Dimensions];
        Array.Fill(shape, 1);
        shape[0] = count;
        return coefficient.view(shape);
    }

    /// <summary>a x + b y, with a and b one a row.</summary>
    private protected static Tensor Combine(Tensor a, Tensor x, Tensor b, Tensor y)
    {
        Tensor first = Rows(a, x).mul(x);
        return first.PlusProduct(Rows(b, y), y);
    }
}

using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>alpha = sin(pi t / 2), sigma = cos(pi t / 2): a quarter circle, so that alpha^2 + sigma^2 = 1.</summary>
internal sealed class GvpPath : InterpolantPath
{
    private const double HalfPi = Math.PI / 2;

    public override InterpolantKind Kind => InterpolantKind.Gvp;

    public override Tensor Alpha(Tensor t) => t.Times(HalfPi).sin_();

    public override Tensor AlphaDerivative(Tensor t) => Sigma(t).TimesInPlace(HalfPi);

    /// <summary>As the sine of the complement, because 1 - t is exact near t = 1 and the cosine near pi / 2 is not.</summary>
    public override Tensor Sigma(Tensor t) => t.OneMinus().TimesInPlace(HalfPi).sin_();

    public override Tensor SigmaDerivative(Tensor t) => Alpha(t).TimesInPlace(-HalfPi);

    public override Tensor AlphaLogDerivative(Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        return Sigma(t).div_(Alpha(t)).TimesInPlace(HalfPi).MoveToOuterDisposeScope();
    }

    /// <summary>The same as alpha'/alpha, since alpha^2 + sigma^2 = 1.</summary>
    public override Tensor DriftVariance(Tensor t) => AlphaLogDerivative(t);

    public override Tensor NoiseRate(Tensor t) => Alpha(t).reciprocal_().TimesInPlace(HalfPi);

    public override Tensor ScoreFromVelocity(Tensor t, Tensor x, Tensor velocity)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor inverseRate = AlphaLogDerivative(t).reciprocal_();
        return Rows(inverseRate, x).mul(velocity).sub_(x).MoveToOuterDisposeScope();
    }

    public override Tensor NoiseFromVelocity(Tensor t, Tensor x, Tensor velocity)
    {
        using DisposeScope scope = NewDisposeScope();
        return Combine(Sigma(t), x, Alpha(t).TimesInPlace(-1 / HalfPi), velocity).MoveToOuterDisposeScope();
    }
}

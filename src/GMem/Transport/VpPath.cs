using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>
/// The variance preserving diffusion whose noise rate falls linearly from 20 (at t = 0) to 0.1 (at t = 1); alpha^2 + sigma^2 = 1.
/// </summary>
internal sealed class VpPath : InterpolantPath
{
    private const double SigmaMin = 0.1;
    private const double SigmaMax = 20;

    public override InterpolantKind Kind => InterpolantKind.Vp;

    public override Tensor Alpha(Tensor t) => LogAlpha(t).exp_();

    public override Tensor AlphaDerivative(Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        return Alpha(t).mul_(AlphaLogDerivative(t)).MoveToOuterDisposeScope();
    }

    /// <summary>sqrt(1 - alpha^2) through expm1, because alpha is nearly 1 towards the data.</summary>
    public override Tensor Sigma(Tensor t) => LogAlpha(t).TimesInPlace(2).expm1_().neg_().sqrt_();

    public override Tensor SigmaDerivative(Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor alpha = Alpha(t);
        return alpha.Squared().mul_(AlphaLogDerivative(t)).div_(Sigma(t)).neg_().MoveToOuterDisposeScope();
    }

    public override Tensor AlphaLogDerivative(Tensor t) => t.OneMinus().TimesInPlace((SigmaMax - SigmaMin) / 2).PlusInPlace(SigmaMin / 2);

    /// <summary>The same as alpha'/alpha, since alpha^2 + sigma^2 = 1.</summary>
    public override Tensor DriftVariance(Tensor t) => AlphaLogDerivative(t);

    public override Tensor NoiseRate(Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        return AlphaLogDerivative(t).div_(Sigma(t)).MoveToOuterDisposeScope();
    }

    public override Tensor ScoreFromVelocity(Tensor t, Tensor x, Tensor velocity)
    {
        using DisposeScope scope = NewDisposeScope();
        return velocity.div(Rows(AlphaLogDerivative(t), x)).sub_(x).MoveToOuterDisposeScope();
    }

    public override Tensor NoiseFromVelocity(Tensor t, Tensor x, Tensor velocity)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = ScoreFromVelocity(t, x, velocity);
        return noise.mul_(Rows(Sigma(t).neg_(), x)).MoveToOuterDisposeScope();
    }

    private static Tensor LogAlpha(Tensor t)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rest = t.OneMinus();
        Tensor linear = rest.Times(-SigmaMin / 2);
        return linear.PlusScaledInPlace(-(SigmaMax - SigmaMin) / 4, rest.Squared()).MoveToOuterDisposeScope();
    }
}

using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>alpha = t, sigma = 1 - t: straight lines at constant velocity x1 - x0.</summary>
internal sealed class LinearPath : InterpolantPath
{
    public override InterpolantKind Kind => InterpolantKind.Linear;

    public override Tensor Alpha(Tensor t) => t.clone();

    public override Tensor AlphaDerivative(Tensor t) => ones_like(t);

    public override Tensor Sigma(Tensor t) => t.OneMinus();

    public override Tensor SigmaDerivative(Tensor t) => ones_like(t).neg_();

    public override Tensor AlphaLogDerivative(Tensor t) => t.reciprocal();

    /// <summary>sigma^2 / t + sigma = sigma / t, since sigma + t = 1.</summary>
    public override Tensor DriftVariance(Tensor t) => t.OneMinus().div_(t);

    public override Tensor NoiseRate(Tensor t) => t.reciprocal();

    /// <summary>One pass over the data: a training step does this for every batch.</summary>
    public override Tensor Interpolate(Tensor t, Tensor x0, Tensor x1)
    {
        using DisposeScope scope = NewDisposeScope();
        return lerp(x0, x1, Rows(t, x1)).MoveToOuterDisposeScope();
    }

    public override Tensor Velocity(Tensor t, Tensor x0, Tensor x1) => x1.sub(x0);

    public override Tensor ScoreFromVelocity(Tensor t, Tensor x, Tensor velocity)
    {
        using DisposeScope scope = NewDisposeScope();
        return Rows(t, x).mul(velocity).sub_(x).div_(Rows(t.OneMinus(), x)).MoveToOuterDisposeScope();
    }

    public override Tensor NoiseFromVelocity(Tensor t, Tensor x, Tensor velocity)
    {
        using DisposeScope scope = NewDisposeScope();
        return x.PlusProduct(Rows(t.neg(), x), velocity).MoveToOuterDisposeScope();
    }
}

using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>Listens at the network during one run of a sampler, and turns the first prediction after a due step into a preview.</summary>
internal sealed class PreviewTap(SamplingPreview preview, FlowTransport transport, int total)
{
    private int? _due;

    /// <summary>Told by the solver how many steps are done.</summary>
    public void StepDone(int completed) => _due = completed < total && completed % preview.EveryNStep == 0 ? completed : null;

    /// <summary>The same predictions, listened to.</summary>
    public VectorField Listen(VectorField network) => (x, time) =>
    {
        Tensor prediction = network(x, time);
        if (_due is int completed)
        {
            _due = null;
            using TorchSharp.DisposeScope scope = NewDisposeScope();
            preview.Show(ExpectedData(prediction, x, time), new SamplingProgress(completed, total));
        }

        return prediction;
    };

    /// <summary>
    /// From x = alpha x1 + sigma x0 and v = alpha' x1 + sigma' x0 (SiT, arXiv 2401.08740, section 2):
    /// x1 = (sigma' x - sigma v) / (sigma' alpha - sigma alpha'). Unlike Tweedie's formula it holds at t = 0 too.
    /// </summary>
    private Tensor ExpectedData(Tensor prediction, Tensor x, double time)
    {
        Tensor t = x.Filled(1, time);
        InterpolantPath path = transport.Path;
        (Tensor alpha, Tensor alphaRate) = (path.Alpha(t), path.AlphaDerivative(t));
        (Tensor sigma, Tensor sigmaRate) = (path.Sigma(t), path.SigmaDerivative(t));
        Tensor velocity = transport.Drift(prediction, x, t);
        Tensor denominator = sigmaRate.mul(alpha).sub(sigma.mul(alphaRate));
        return x.mul(InterpolantPath.Rows(sigmaRate.div(denominator), x))
            .PlusProduct(InterpolantPath.Rows(sigma.div(denominator).neg_(), x), velocity);
    }
}

using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Transport;
using static TorchSharp.torch;

namespace GMem.Tests.Sampling;

/// <summary>The explicit network of the closed-form reference files: v = A tanh(B x) + c t on the flattened state.</summary>
internal sealed class ClosedFormModel(TrackedFile file, ScalarType dtype)
{
    private readonly Tensor _outer = file.Read("A").to(dtype).t();
    private readonly Tensor _inner = file.Read("B").to(dtype).t();
    private readonly Tensor _slope = file.Read("c").to(dtype);

    public ModelFunction Of(PredictionTarget prediction) => prediction switch
    {
        PredictionTarget.Velocity => Velocity,
        PredictionTarget.Score => (x, t) => Velocity(x, t).Times(0.2).sub(x),
        _ => (x, t) => Velocity(x, t).Times(0.2).Plus(t.OneMinus().view(-1, 1).mul(x.flatten(1)).view(x.shape)),
    };

    private Tensor Velocity(Tensor x, Tensor t) =>
        x.flatten(1).matmul(_inner).tanh().matmul(_outer).Plus(t.view(-1, 1).mul(_slope)).view(x.shape);
}

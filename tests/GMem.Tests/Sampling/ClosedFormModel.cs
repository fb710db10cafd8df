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

    public VectorField Of(PredictionTarget prediction) => prediction switch
    {
        PredictionTarget.Velocity => Velocity,
        PredictionTarget.Score => (x, time) => Velocity(x, time).Times(0.2).sub(x),
        _ => (x, time) => Velocity(x, time).Times(0.2).Plus(x.Filled(1, time).OneMinus().mul(x)),
    };

    private Tensor Velocity(Tensor x, double time) =>
        x.flatten(1).matmul(_inner).tanh().matmul(_outer).Plus(x.Filled(1, time).mul(_slope)).view(x.shape);
}

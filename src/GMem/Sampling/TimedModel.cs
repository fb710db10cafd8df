using GMem.Runtime;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>A vector field at one time for all rows. The time is known to the host, so that nothing has to wait for a device to learn it.</summary>
internal delegate Tensor TimedModel(Tensor x, double time);

internal static class TimedModels
{
    public static TimedModel Timed(this ModelFunction model) => (x, time) =>
    {
        using Tensor t = Times(x, time, x.size(0));
        return model(x, t);
    };

    /// <summary>The time in the type and on the device of the states, <c>[count]</c>.</summary>
    public static Tensor Times(Tensor x, double time, long count) => x.Filled(count, time);

    /// <summary>What a network returned, if it has the shape of the states it was given.</summary>
    public static Tensor Checked(Tensor prediction, Tensor x) => prediction.shape.AsSpan().SequenceEqual(x.shape)
        ? prediction
        : throw new InvalidOperationException($"The network returned [{string.Join(", ", prediction.shape)}] for states [{string.Join(", ", x.shape)}]; a prediction has the shape of its states.");
}

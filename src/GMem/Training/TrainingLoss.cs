using GMem.Backbone;
using GMem.Runtime;
using GMem.Transport;
using TorchSharp;

namespace GMem.Training;

/// <summary>The loss of a network on one batch, from data, noise and times that are given: a function of its arguments alone.</summary>
internal sealed class TrainingLoss(FlowTransport transport, TrainingOptions options)
{
    private readonly double _cosineWeight = options.CosineLossWeight;
    private readonly double _projectionWeight = options.ProjectionLossWeight;
    private readonly bool _useCosine = options.CosineLossWeight > 0;
    private readonly bool _useProjection = options.ProjectionLossWeight > 0;

    /// <param name="network">Evaluated in training mode.</param>
    /// <param name="data">x1, <c>[B, C, h, w]</c>.</param>
    /// <param name="noise">x0, <c>[B, C, h, w]</c>.</param>
    /// <param name="time">t in [0, 1], <c>[B]</c>.</param>
    /// <param name="conditions">Values of each of the network's conditions, dropout applied.</param>
    /// <param name="projectionTarget">Patch tokens <c>[B, T, z]</c> for the projection loss, or null.</param>
    public LossTerms Compute(SiT network, torch.Tensor data, torch.Tensor noise, torch.Tensor time, IReadOnlyList<torch.Tensor> conditions, torch.Tensor? projectionTarget)
    {
        TransportPlan plan = transport.Plan(time, noise, data);
        SiTOutput output = network.ForwardTraining(plan.State, time, conditions);
        torch.Tensor dataTerm = TransportLoss.Error(transport, plan, output.Prediction).mean();
        torch.Tensor total = dataTerm;
        torch.Tensor? cosine = null;
        torch.Tensor? projection = null;
        if (_useCosine)
        {
            cosine = TransportLoss.Cosine(plan, output.Prediction).mean();
            total = total.PlusScaled(_cosineWeight, cosine);
        }

        if (_useProjection && output.Projection is not null && projectionTarget is not null)
        {
            projection = TransportLoss.Projection(output.Projection, projectionTarget);
            total = total.PlusScaled(_projectionWeight, projection);
        }

        return new LossTerms(total, dataTerm, cosine, projection);
    }
}

using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

/// <summary>The loss of a network on some samples, as the weighted sum of its terms: a function of its arguments alone.</summary>
/// <param name="transport">The path and what the network predicts on it.</param>
/// <param name="terms">The terms of the run, in the order in which they are summed.</param>
internal sealed class TrainingLoss(FlowTransport transport, IReadOnlyList<LossTerm> terms)
{
    public IReadOnlyList<LossTerm> Terms => terms;

    /// <param name="network">Evaluated in training mode.</param>
    /// <param name="draws">The samples.</param>
    /// <returns>The total with its graph, and without one <c>[1 + terms]</c>: the total and each term before its weight.</returns>
    /// <exception cref="InvalidOperationException">A term is not a float32 scalar.</exception>
    public (torch.Tensor Total, torch.Tensor Values) Compute(SiT network, StepDraws draws)
    {
        TransportPlan plan = transport.Plan(draws.Time, draws.Noise, draws.Data);
        torch.Tensor? velocity = draws.Map is { } map ? FlowMapTarget.Of(network, plan, draws, map) : plan.Velocity;
        SiTOutput output = network.ForwardTraining(plan.State, draws.Time, draws.Conditions, draws.Map?.Target);
        LossInput input = new()
        {
            Time = plan.Time,
            Noise = plan.Noise,
            Data = draws.Data,
            State = plan.State,
            Velocity = velocity,
            Prediction = output.Prediction,
            Projection = output.Projection,
            PatchTokens = draws.ProjectionTarget,
            Transport = transport,
        };
        torch.Tensor[] values = [.. terms.Select(term => Value(term, input))];
        torch.Tensor total = terms[0].Weight == 1 ? values[0] : values[0].Times(terms[0].Weight);
        for (int i = 1; i < values.Length; i++)
        {
            total = total.PlusScaled(terms[i].Weight, values[i]);
        }

        return (total, torch.stack([.. values.Prepend(total).Select(v => v.detach())]));
    }

    /// <returns>The values of the terms, without the total, by name.</returns>
    public static IReadOnlyList<LossValue> Named(IReadOnlyList<LossTerm> terms, IEnumerable<double> values) =>
        [.. terms.Zip(values.Skip(1), (term, value) => new LossValue(term.Name, value))];

    private static torch.Tensor Value(LossTerm term, LossInput input)
    {
        torch.Tensor value = term.Compute(input);
        return value.dtype == torch.float32 && value.Dimensions == 0 ? value : throw new InvalidOperationException(
            $"The loss term '{term.Name}' gave {value.dtype} [{string.Join(", ", value.shape)}]; a term is a float32 scalar, such as a "
                + "mean over the samples.");
    }
}

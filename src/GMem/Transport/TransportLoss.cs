using static TorchSharp.torch;

namespace GMem.Transport;

/// <summary>The terms of the training loss. Each is computed only where it is called, and none waits for the device.</summary>
internal static class TransportLoss
{
    /// <summary>The (weighted) squared error of a prediction, averaged over each sample.</summary>
    /// <param name="transport">What is predicted, and the weighting.</param>
    /// <param name="plan">The batch on the path.</param>
    /// <param name="prediction">The network's output at the plan's state and time, <c>[N, ...]</c>.</param>
    /// <returns><c>[N]</c>. The training loss is its mean.</returns>
    /// <exception cref="ArgumentException">
    /// The prediction has another shape than the state, or the plan was made for another prediction.
    /// </exception>
    public static Tensor Error(FlowTransport transport, TransportPlan plan, Tensor prediction)
    {
        Arguments.CheckSameShape(prediction, plan.State, "prediction", "state");
        using DisposeScope scope = NewDisposeScope();
        if (transport.Prediction == PredictionTarget.Velocity)
        {
            return MeanOfSample(nn.functional.mse_loss(prediction, Target(plan), nn.Reduction.None)).MoveToOuterDisposeScope();
        }

        // The loss of a score is that of the noise -sigma score which it stands for.
        Tensor noise = transport.Prediction == PredictionTarget.Noise
            ? prediction
            : InterpolantPath.Rows(transport.Path.Sigma(plan.Time).neg_(), prediction).mul(prediction);
        Tensor error = MeanOfSample(nn.functional.mse_loss(noise, plan.Noise, nn.Reduction.None));
        return (Weight(transport, plan.Time) is { } weight ? error.mul(weight) : error).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// 1 - cosine of predicted and true velocity over the channels, averaged over the positions of each sample (public GMem code, weight
    /// 1).
    /// </summary>
    /// <param name="plan">The batch on the path, planned for velocity predictions.</param>
    /// <param name="prediction">The predicted velocity <c>[N, C, ...]</c>.</param>
    /// <returns><c>[N]</c>, from 0 to 2. The training loss is its mean.</returns>
    /// <exception cref="ArgumentException">The plan has no velocity, or the shapes differ.</exception>
    public static Tensor Cosine(TransportPlan plan, Tensor prediction)
    {
        Arguments.CheckSameShape(prediction, plan.State, "prediction", "state");
        using DisposeScope scope = NewDisposeScope();
        Tensor cosine = nn.functional.cosine_similarity(prediction, Target(plan), 1, 1e-8);
        return MeanOfSample(cosine).OneMinus().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The REPA projection loss: minus the cosine of projected tokens and the encoder's patch tokens, averaged (arXiv 2410.06940, eq. 8;
    /// weight 0.5).
    /// </summary>
    /// <param name="projected">The projector's output <c>[N, T, D]</c>.</param>
    /// <param name="tokens">The encoder's patch tokens <c>[N, T, D]</c>; they need not be normalised.</param>
    /// <returns>A scalar from -1 to 1.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Projection(Tensor projected, Tensor tokens)
    {
        Arguments.CheckSameShape(projected, tokens, "projector's output", "tokens");
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.cosine_similarity(projected, tokens, -1, 1e-12).mean().neg().MoveToOuterDisposeScope();
    }

    private static Tensor Target(TransportPlan plan) => plan.Velocity
        ?? throw new ArgumentException(
            "The plan has no velocity: it was made for noise or score predictions. Make it with a FlowTransport that predicts the "
                + "velocity.", nameof(plan));

    private static Tensor? Weight(FlowTransport transport, Tensor t) => transport.Weighting switch
    {
        LossWeighting.Velocity => transport.Path.NoiseRate(t).Squared(),
        LossWeighting.Likelihood => transport.Path.NoiseRate(t).div_(transport.Path.Sigma(t)),
        _ => null,
    };

    private static Tensor MeanOfSample(Tensor x) => x.Dimensions > 1 ? x.flatten(1).mean([1]) : x;
}

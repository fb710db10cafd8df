using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// The loss on images that are not trained on, with the same noise and times at every evaluation, and when to stop because of it.
/// </summary>
internal sealed class ValidationLoss(
    SiT network,
    TrainingSet set,
    IReadOnlyList<long> images,
    TrainingLoss loss,
    FlowTransport transport,
    TrainingOptions options,
    torch.Device device,
    RidgeSource? source = null)
{
    private double[]? _untold;

    /// <summary>Whether the loss has stopped falling.</summary>
    public bool SaysStop(TrainingState state) =>
        options.EarlyStoppingPatience > 0 && state.EvaluationsWithoutGain >= options.EarlyStoppingPatience;

    /// <summary>Evaluates the averaged weights, if it is time to, and keeps the score in the state.</summary>
    public void EvaluateIfDue(TrainingState state)
    {
        if (images.Count == 0 || (state.Step % options.ValidateEveryNStep != 0 && state.Step != options.TotalSteps))
        {
            return;
        }

        _untold = state.WithAverage(Evaluate);
        double now = _untold[0];
        state.EvaluationsWithoutGain = now < state.BestValidationLoss ? 0 : state.EvaluationsWithoutGain + 1;
        state.BestValidationLoss = Math.Min(now, state.BestValidationLoss);
    }

    /// <returns>The loss and its terms, once after each evaluation.</returns>
    public double[]? TakeLast()
    {
        double[]? last = _untold;
        _untold = null;
        return last;
    }

    /// <returns>The mean loss of the network as it is, without dropout, and the mean of each term.</returns>
    internal double[] Evaluate()
    {
        using IDisposable noGrad = torch.no_grad();
        double[] sums = new double[1 + loss.Terms.Count];
        for (int begin = 0; begin < images.Count; begin += options.ImagesPerStep)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            long[] indices = [.. images.Skip(begin).Take(options.ImagesPerStep)];

            // Each batch has its own random stream, from 1: 0 drew the split.
            int batch = begin / options.ImagesPerStep;
            using torch.Generator generator = RandomStream.Create(options.Seed, RandomPurpose.Validation, 1 + batch);

            // Training steps count up from 0; negative ones draw other latents.
            TrainingBatch taken = set.Batch(indices, new bool[indices.Length], step: -1 - batch);
            torch.Tensor time = transport.SampleTimes(indices.Length, options.TimeDistribution, generator);
            torch.Tensor noise = torch.randn(taken.Data.shape, dtype: torch.float32, generator: generator).ToDevice(device);
            noise = source?.Of(network.Conditions, taken.Conditions).Draw(noise) ?? noise;
            StepDraws draws = new(taken.Data, noise, time.ToDevice(device), taken.Conditions, taken.Tokens);
            using torch.Tensor onHost = loss.Compute(network, draws).Values.cpu();
            float[] values = onHost.data<float>().ToArray();
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += values[i] * indices.Length;
            }
        }

        return Array.ConvertAll(sums, s => s / images.Count);
    }
}

using GMem.Backbone;
using GMem.Distributed;
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
    RidgeSource? source = null,
    RankGroup? ranks = null,
    GradientTeam? team = null)
{
    private readonly RankGroup _ranks = ranks ?? RankGroup.Alone;

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

    /// <summary>Ranks take the batches in turn.</summary>
    /// <returns>The mean loss of the network as it is, without dropout, and the mean of each term.</returns>
    internal double[] Evaluate()
    {
        int values = 1 + loss.Terms.Count, batches = (images.Count + options.ImagesPerStep - 1) / options.ImagesPerStep;
        int rounds = (batches + _ranks.Size - 1) / _ranks.Size;
        double[] own = new double[rounds * values];
        int mine = Enumerable.Range(0, rounds).Count(round => (round * _ranks.Size) + _ranks.Rank < batches);
        if (team is not null)
        {
            team.ForEach(mine, Batch);
        }
        else
        {
            for (int round = 0; round < mine; round++)
            {
                Batch(network, round);
            }
        }

        double[] all = _ranks.ExchangeNumbers(own), sums = new double[values];
        for (int i = 0; i < rounds * _ranks.Size * values; i++)
        {
            // In the order of the batches, whoever had them.
            (int batch, int value) = Math.DivRem(i, values);
            (int round, int rank) = Math.DivRem(batch, _ranks.Size);
            sums[value] += all[(((rank * rounds) + round) * values) + value];
        }

        return Array.ConvertAll(sums, s => s / images.Count);

        void Batch(SiT model, int round)
        {
            float[] means = Means(model, (round * _ranks.Size) + _ranks.Rank, out int count);
            for (int i = 0; i < values; i++)
            {
                own[(round * values) + i] = means[i] * count;
            }
        }
    }

    /// <summary>The loss and its terms of one batch.</summary>
    private float[] Means(SiT model, int batch, out int count)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        long[] indices = [.. images.Skip(batch * options.ImagesPerStep).Take(options.ImagesPerStep)];
        count = indices.Length;

        // Each batch has its own random stream, from 1: 0 drew the split.
        using torch.Generator generator = RandomStream.Create(options.Seed, RandomPurpose.Validation, 1 + batch);

        // Training steps count up from 0; negative ones draw other latents.
        TrainingBatch taken = set.Batch(indices, new bool[indices.Length], step: -1 - batch);
        torch.Tensor time = transport.SampleTimes(indices.Length, options.TimeDistribution, generator);
        torch.Tensor noise = torch.randn(taken.Data.shape, dtype: torch.float32, generator: generator).ToDevice(device);
        noise = source?.Of(model.Conditions, taken.Conditions).Draw(noise) ?? noise;
        StepDraws draws = new(taken.Data, noise, time.ToDevice(device), taken.Conditions, taken.Tokens);
        using torch.Tensor onHost = loss.Compute(model, draws).Values.cpu();
        return onHost.data<float>().ToArray();
    }
}

using GMem.Backbone;
using GMem.Distributed;

namespace GMem.Training;

/// <summary>
/// Everything that survives from one step to the next. All else a step needs follows from the options, the data and the step's number.
/// Every rank has all weights, but moments and averages of its own segment alone.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    public TrainingState(SiT network, TrainingOptions options, RankGroup? ranks = null)
    {
        ranks ??= RankGroup.Alone;
        Parameters = new FlatParameters(network.TrainableParameters());
        Ranks = new RankSum(ranks, Parameters);
        ranks.Broadcast(Parameters.Weights);
        Segments segments = Parameters.Segments(ranks.Size);
        AugmentationProbability = options.Augmentation?.Probability ?? 0;
        Optimizer = new FlatAdamW(
            Parameters, new AdamWSettings(options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay), options.MaxGradientNorm,
            segment: (segments.Begin(ranks.Rank), segments.Length(ranks.Rank)));
        PowerAverages = new PowerAverages(Optimizer.Weights, options.PowerAverageWidths);
        Best = options.Quality is { KeepBest: true } ? torch.zeros_like(Optimizer.Average).DetachFromDisposeScope() : null;
    }

    /// <summary>What ranks do together.</summary>
    public RankSum Ranks { get; }

    /// <summary>The network's weights and their gradients.</summary>
    public FlatParameters Parameters { get; }

    public FlatAdamW Optimizer { get; }

    public PowerAverages PowerAverages { get; }

    /// <summary>The averaged weights of the lowest distance measured, of this rank's segment; null where they are not kept.</summary>
    public torch.Tensor? Best { get; }

    /// <summary>Whether the averaged weights at the end of this run, between two regular measurements, are better than the best.</summary>
    public bool EndsBest { get; set; }

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

    /// <summary>On the schedule's learning rate; halved at every return to a checkpoint.</summary>
    public double LearningRateFactor { get; set; } = 1;

    /// <summary>Returns to a checkpoint so far.</summary>
    public int Returns { get; set; }

    /// <summary>The lowest validation loss so far.</summary>
    public double BestValidationLoss { get; set; } = double.PositiveInfinity;

    /// <summary>Evaluations in a row that did not lower it.</summary>
    public int EvaluationsWithoutGain { get; set; }

    /// <summary>What measurements of quality found.</summary>
    public QualityNumbers Quality { get; set; } = new();

    /// <summary>With which each kind of augmentation is applied to a picture; it may follow the share of copies.</summary>
    public double AugmentationProbability { get; set; }

    public StateNumbers Numbers
    {
        get => new(
            Step,
            Optimizer.Counts.Updates,
            Optimizer.Counts.Skipped,
            LearningRateFactor,
            Returns,
            BestValidationLoss,
            EvaluationsWithoutGain)
        {
            Quality = Quality,
            AugmentationProbability = AugmentationProbability,
        };
        set
        {
            Step = value.Step;
            Optimizer.Counts = new StepCounts(value.Updates, value.Skipped, SkippedInARow: 0);
            LearningRateFactor = value.LearningRateFactor;
            Returns = value.Returns;
            BestValidationLoss = value.BestValidationLoss;
            EvaluationsWithoutGain = value.EvaluationsWithoutGain;
            Quality = value.Quality;
            AugmentationProbability = value.AugmentationProbability;
        }
    }

    /// <summary>The state's own tensors by name: all weights, float32 <c>[P]</c>, and of the others this rank's segment.</summary>
    public IReadOnlyList<KeyValuePair<string, torch.Tensor>> Tensors =>
    [
        new("weights", Parameters.Weights),
        new("first_moment", Optimizer.FirstMoment),
        new("second_moment", Optimizer.SecondMoment),
        new("average", Optimizer.Average),
        .. PowerAverages.Tensors.Select((t, i) => new KeyValuePair<string, torch.Tensor>($"power_average.{i}", t)),
        .. Best is null ? Array.Empty<KeyValuePair<string, torch.Tensor>>() : [new("best", Best)],
    ];

    /// <summary>A tensor of the state of which each rank has its segment, whole.</summary>
    /// <returns>float32 <c>[P]</c>; dispose it.</returns>
    public torch.Tensor Whole(torch.Tensor own)
    {
        if (Ranks.IsAlone || ReferenceEquals(own, Parameters.Weights))
        {
            return own.alias();
        }

        using IDisposable noGrad = torch.no_grad();
        torch.Tensor whole = torch.zeros_like(Parameters.Weights);
        using torch.Tensor part = Part(whole, own);
        _ = part.copy_(own);
        Ranks.Gather(whole);
        return whole;
    }

    /// <summary>Copies tensors of the same names into the state's own: whole ones, or of the shape that the state's own have.</summary>
    public void CopyFrom(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        foreach ((string name, _) in Tensors)
        {
            CopyFrom(name, tensors[name]);
        }
    }

    /// <summary>Copies one tensor into the state's own of that name, or its segment of it.</summary>
    public void CopyFrom(string name, torch.Tensor tensor)
    {
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor own = Tensors.First(t => t.Key == name).Value;
        using torch.Tensor part = Part(tensor, own);
        _ = own.copy_(part);
    }

    /// <summary>Does something while the network has the averaged weights, and puts its own back afterwards.</summary>
    public T WithAverage<T>(Func<T> action)
    {
        using IDisposable noGrad = torch.no_grad();
        using torch.Tensor own = Optimizer.Weights.clone().DetachFromDisposeScope();
        UseAverage();
        T result;
        try
        {
            result = action();
        }
        catch
        {
            // Not gathered: the other ranks are where this one failed, and would take it for something else.
            _ = Optimizer.Weights.copy_(own);
            throw;
        }

        _ = Optimizer.Weights.copy_(own);
        Ranks.GatherWeights();
        return result;
    }

    /// <summary>Does something while the network has the averaged weights and is in evaluation mode.</summary>
    public T Generating<T>(SiT network, Func<T> action) => WithAverage(() =>
    {
        network.eval();
        try
        {
            return action();
        }
        finally
        {
            network.train();
        }
    });

    /// <summary>The averaged weights as they are now are the best, where those are kept.</summary>
    public void KeepAverageAsBest()
    {
        using IDisposable noGrad = torch.no_grad();
        _ = Best?.copy_(Optimizer.Average);
    }

    /// <summary>Puts the weights of the trained model into the network: the best, where they are known, else the average.</summary>
    public void UseResult() => Use(Best is not null && Quality.BestStep > 0 && !EndsBest ? Best : Optimizer.Average);

    /// <summary>Puts the averaged weights into the network.</summary>
    public void UseAverage() => Use(Optimizer.Average);

    public void Dispose()
    {
        Best?.Dispose();
        PowerAverages.Dispose();
        Optimizer.Dispose();
        Parameters.Dispose();
    }

    private void Use(torch.Tensor weights)
    {
        using IDisposable noGrad = torch.no_grad();
        _ = Optimizer.Weights.copy_(weights);
        Ranks.GatherWeights();
    }

    private torch.Tensor Part(torch.Tensor whole, torch.Tensor own) =>
        whole.numel() == own.numel() ? whole.alias() : whole.narrow(0, Optimizer.Begin, own.numel());
}

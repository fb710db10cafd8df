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
        Optimizer = new FlatAdamW(
            Parameters, new AdamWSettings(options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay), options.MaxGradientNorm,
            segment: (segments.Begin(ranks.Rank), segments.Length(ranks.Rank)));
        PowerAverages = new PowerAverages(Optimizer.Weights, options.PowerAverageWidths);
    }

    /// <summary>What ranks do together.</summary>
    public RankSum Ranks { get; }

    /// <summary>The network's weights and their gradients.</summary>
    public FlatParameters Parameters { get; }

    public FlatAdamW Optimizer { get; }

    public PowerAverages PowerAverages { get; }

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

    public StateNumbers Numbers
    {
        get => new(
            Step,
            Optimizer.Counts.Updates,
            Optimizer.Counts.Skipped,
            LearningRateFactor,
            Returns,
            BestValidationLoss,
            EvaluationsWithoutGain);
        set
        {
            Step = value.Step;
            Optimizer.Counts = new StepCounts(value.Updates, value.Skipped, SkippedInARow: 0);
            LearningRateFactor = value.LearningRateFactor;
            Returns = value.Returns;
            BestValidationLoss = value.BestValidationLoss;
            EvaluationsWithoutGain = value.EvaluationsWithoutGain;
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

    /// <summary>Puts the averaged weights into the network.</summary>
    public void UseAverage()
    {
        using IDisposable noGrad = torch.no_grad();
        _ = Optimizer.Weights.copy_(Optimizer.Average);
        Ranks.GatherWeights();
    }

    public void Dispose()
    {
        PowerAverages.Dispose();
        Optimizer.Dispose();
        Parameters.Dispose();
    }

    private torch.Tensor Part(torch.Tensor whole, torch.Tensor own) =>
        whole.numel() == own.numel() ? whole.alias() : whole.narrow(0, Optimizer.Begin, own.numel());
}

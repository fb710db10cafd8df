using GMem.Backbone;

namespace GMem.Training;

/// <summary>
/// Everything that survives from one step to the next. All else a step needs follows from the options, the data and the step's number.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    public TrainingState(SiT network, TrainingOptions options)
    {
        Parameters = new FlatParameters(network.TrainableParameters());
        Optimizer = new FlatAdamW(
            Parameters, new AdamWSettings(options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay), options.MaxGradientNorm);
        PowerAverages = new PowerAverages(Parameters, options.PowerAverageWidths);
    }

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

    /// <summary>The state's own tensors by name, float32 <c>[P]</c> each.</summary>
    public IReadOnlyList<KeyValuePair<string, torch.Tensor>> Tensors =>
    [
        new("weights", Parameters.Weights),
        new("first_moment", Optimizer.FirstMoment),
        new("second_moment", Optimizer.SecondMoment),
        new("average", Optimizer.Average),
        .. PowerAverages.Tensors.Select((t, i) => new KeyValuePair<string, torch.Tensor>($"power_average.{i}", t)),
    ];

    /// <summary>Copies tensors of the same names and shapes into the state's own.</summary>
    public void CopyFrom(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        using IDisposable noGrad = torch.no_grad();
        foreach ((string name, torch.Tensor own) in Tensors)
        {
            _ = own.copy_(tensors[name]);
        }
    }

    /// <summary>Does something while the network has the averaged weights, and puts its own back afterwards.</summary>
    public T WithAverage<T>(Func<T> action)
    {
        using IDisposable noGrad = torch.no_grad();
        using torch.Tensor own = Parameters.Weights.clone().DetachFromDisposeScope();
        _ = Parameters.Weights.copy_(Optimizer.Average);
        try
        {
            return action();
        }
        finally
        {
            _ = Parameters.Weights.copy_(own);
        }
    }

    public void Dispose()
    {
        PowerAverages.Dispose();
        Optimizer.Dispose();
        Parameters.Dispose();
    }
}

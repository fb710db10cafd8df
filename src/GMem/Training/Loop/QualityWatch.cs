using GMem.Backbone;

namespace GMem.Training;

/// <summary>Measures the quality of samples of the averaged weights, keeps the best weights, and says when to stop.</summary>
/// <param name="network">Trained, and put into evaluation mode while samples are made.</param>
/// <param name="options">The run, with a <see cref="TrainingOptions.Quality"/>.</param>
/// <param name="measure">Measures the network as it is; of several ranks all call it, and all get the same.</param>
internal sealed class QualityWatch(SiT network, TrainingOptions options, Func<QualityMeasurement> measure)
{
    /// <summary>Beyond this hardly a picture stays as it is; arXiv 2006.06676 finds that augmentation leaks there.</summary>
    private const double MostProbability = 0.8;

    private readonly QualityOptions _options = options.Quality!;
    private QualityMeasurement? _untold;
    private int _measurements;
    private double _seconds;
    private double _end;

    /// <summary>Whether the distance has stopped falling.</summary>
    public bool SaysStop(TrainingState state) =>
        _options.EarlyStoppingPatience > 0 && state.Quality.WithoutGain >= _options.EarlyStoppingPatience;

    /// <summary>Measures the averaged weights, if it is time to, and keeps the result in the state.</summary>
    public void MeasureIfDue(TrainingState state, StepClock clock)
    {
        if (state.Step % _options.EveryNStep != 0 && state.Step != options.TotalSteps)
        {
            return;
        }

        long start = StepClock.Now;
        QualityMeasurement found = state.Generating(network, measure);
        double before = clock.Seconds(StepClock.Quality);
        _ = clock.Add(StepClock.Quality, start);
        double seconds = clock.Seconds(StepClock.Quality) - before;
        _measurements++;
        _seconds += seconds;
        _untold = found with { Seconds = seconds, TimeShare = clock.Seconds(StepClock.Quality) / clock.Total };
        if (state.Step % _options.EveryNStep == 0)
        {
            KeepIfBest(state, found.FrechetDistance);
            Adapt(state, found);
        }
        else
        {
            // A run that ends between two measurements and goes on later is as one that never ended: nothing of this one is kept.
            state.EndsBest = found.FrechetDistance < state.Quality.BestDistance;
            _end = found.FrechetDistance;
        }
    }

    /// <returns>The last measurement, once.</returns>
    public QualityMeasurement? TakeLast()
    {
        QualityMeasurement? last = _untold;
        _untold = null;
        return last;
    }

    /// <summary>What the measurements of this process cost, and which was best.</summary>
    public string Summary(TrainingState state, StepClock clock)
    {
        string kept = _options.KeepBest ? ", whose averaged weights the model has" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"The quality was measured {_measurements} times in {_seconds:0.0} s, "
                + $"{100 * clock.Seconds(StepClock.Quality) / clock.Total:0.0} % of the time; the lowest distance, "
                + $"{(state.EndsBest ? _end : state.Quality.BestDistance):g4}, was at step "
                + $"{(state.EndsBest ? state.Step : state.Quality.BestStep)}{kept}.");
    }

    /// <summary>As in arXiv 2006.06676, by the share of copies instead of what a discriminator says.</summary>
    private void Adapt(TrainingState state, QualityMeasurement found)
    {
        if (options.Augmentation is { AdaptiveStep: > 0 } augmentation)
        {
            double change = found.CopyShare > (augmentation.CopyShareTarget ?? found.HeldOutCopyShare) ? 1 : -1;
            state.AugmentationProbability = Math.Clamp(
                state.AugmentationProbability + (change * augmentation.AdaptiveStep), 0, MostProbability);
        }
    }

    private void KeepIfBest(TrainingState state, double distance)
    {
        QualityNumbers known = state.Quality;
        bool gained = distance < known.BestDistance * (1 - _options.MinimumGain);
        int withoutGain = gained ? 0 : known.WithoutGain + 1;
        if (distance < known.BestDistance)
        {
            state.KeepAverageAsBest();
            known = known with { BestDistance = distance, BestStep = state.Step };
        }

        state.Quality = known with { WithoutGain = withoutGain };
    }
}

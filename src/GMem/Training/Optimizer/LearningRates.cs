namespace GMem.Training;

/// <summary>The learning rate of each step: warm-up, then constant or half a cosine; a function of the step alone.</summary>
internal sealed class LearningRates(TrainingOptions options)
{
    /// <param name="step">The step, from 0.</param>
    public double At(long step)
    {
        if (step < options.WarmUpSteps)
        {
            return options.LearningRate * (step + 1) / options.WarmUpSteps;
        }

        if (options.LearningRateSchedule == LearningRateSchedule.Constant)
        {
            return options.LearningRate;
        }

        // The first step after the warm-up has the full rate, the last one the final rate.
        long last = Math.Max(1, options.TotalSteps - 1 - options.WarmUpSteps);
        double done = Math.Clamp((double)(step - options.WarmUpSteps) / last, 0, 1);
        double lowest = options.LearningRate * options.FinalLearningRateShare;
        return lowest + ((options.LearningRate - lowest) * 0.5 * (1 + Math.Cos(Math.PI * done)));
    }
}

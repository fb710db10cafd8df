using GMem.Training;

namespace GMem.Tests.Training;

public sealed class LearningRatesTests
{
    [Fact]
    public void At_ConstantWithWarmUp_RisesAndStays()
    {
        LearningRates rates = new(new TrainingOptions { LearningRate = 0.4, WarmUpSteps = 4, TotalSteps = 10 });
        Assert.Equal([0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4], Enumerable.Range(0, 10).Select(s => Math.Round(rates.At(s), 12)));
    }

    [Fact]
    public void At_Cosine_FallsFromTheFullRateToTheFinalShare()
    {
        LearningRates rates = new(new TrainingOptions
        {
            LearningRate = 0.4,
            WarmUpSteps = 2,
            TotalSteps = 13,
            LearningRateSchedule = LearningRateSchedule.Cosine,
            FinalLearningRateShare = 0.25,
        });
        Assert.Equal(0.4, rates.At(2), 12);
        Assert.Equal(0.25, rates.At(7), 12);
        Assert.Equal(0.1 + (0.3 * 0.5 * (1 + Math.Cos(Math.PI * 0.2))), rates.At(4), 12);
        Assert.Equal(0.1, rates.At(12), 12);
        Assert.Equal(0.1, rates.At(40), 12);
    }
}

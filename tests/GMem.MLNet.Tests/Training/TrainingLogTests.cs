using GMem.MLNet.Training;
using GMem.Training;

namespace GMem.MLNet.Tests.Training;

public class TrainingLogTests
{
    [Fact]
    public void Format_OfAReport_HasUnits() => Assert.Equal(
        "Step 50 of 2000 (epoch 3.20): loss 0.1234, gradient norm 0.568, learning rate 2e-4, 1234.5 images/s, 00:01:02 left.",
        TrainingLog.Format(new TrainingProgress(50, 2000, 3.2, 0.12341, 0.5678, 2e-4, 1234.5, TimeSpan.FromSeconds(62))));
}

using GMem.Tool.Arguments;

namespace GMem.Tool.Tests;

/// <summary>Messages name options as they are typed.</summary>
public sealed class OptionNamesTests
{
    [Theory]
    [InlineData(
        "GMemTrainer.Options: TrainingOptions: LearningRate is 0, it must be above 0.", "--learning-rate is 0, it must be above 0.")]
    [InlineData("HiddenSize is 192, expected a multiple of HeadCount (7).", "--hidden-size is 192, expected a multiple of --heads (7).")]
    [InlineData("set Training.BatchSize (batchSize) to at most 100.", "set --batch-size to at most 100.")]
    [InlineData("not divisible by Network.PatchSize 5; choose", "not divisible by --patch-size 5; choose")]
    [InlineData("the snippet's Dropout is 1, expected", "--snippet-dropout is 1, expected")]
    [InlineData(
        "Sampling.Kind is FlowMap, but the model is no flow map: train it with Training.FlowMap.",
        "--sampler is FlowMap, but the model is no flow map: train it with --flow-map.")]
    [InlineData("The rank is wrong. (Parameter 'rank')", "The rank is wrong.")]
    [InlineData("'Depth.png' is no image, nor is ./Depth or MyDepth", "'Depth.png' is no image, nor is ./Depth or MyDepth")]
    public void InMessage_NameOfAnOption_IsAsTyped(string message, string expected) =>
        Assert.Equal(expected, OptionNames.InMessage(message));

    [Fact]
    public void InMessage_EveryNameOfATrainingOption_IsOfAnOptionThatExists()
    {
        string help = ToolRun.Of("train", "--help").Output + ToolRun.Of("generate", "--help").Output;
        Assert.True(OptionNames.Known.Count >= 15, $"{OptionNames.Known.Count}");
        foreach (string name in OptionNames.Known)
        {
            Assert.Contains(OptionNames.InMessage(name), help, StringComparison.Ordinal);
        }
    }
}

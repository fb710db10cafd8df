using GMem.Backbone;
using GMem.MLNet;
using GMem.Sampling;
using GMem.Training;

namespace GMem.PipelineTests;

/// <summary>Settings with which a recipe learns the coarse look of a few pictures in seconds.</summary>
internal static class Tiny
{
    public static GMemTrainer.Options Options(int steps = 300) => new()
    {
        ImageSize = 16,
        Network = new SiTOptions
        {
            PatchSize = 4,
            HiddenSize = 64,
            Depth = 2,
            HeadCount = 2,
            Conditions = [new SnippetCondition { Dropout = 0.05 }],
        },
        Training = new TrainingOptions { TotalSteps = steps, BatchSize = 16, LearningRate = 4e-3, Seed = 1 },
        Sampling = new SamplingOptions { Steps = 5 },
    };
}

using GMem.Images;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using Microsoft.ML;

namespace GMem.MLNet.Tests.Fakes;

/// <summary>A trainer and its images, small enough for a test.</summary>
internal static class TinyTrainer
{
    private static readonly Lazy<GMemTransformer> Shared = new(() => Fit());

    /// <summary>A trained model that all tests may read and none disposes.</summary>
    public static GMemTransformer Model => Shared.Value;

    /// <summary>24 smooth images of 8 x 8 as PNG bytes, each with a snippet of its own and a number.</summary>
    public static IReadOnlyList<TrainingRow> Rows { get; } = CreateRows();

    public static IDataView Images => Views.Of([.. Rows]);

    public static GMemTrainer.Options Options()
    {
        GMemOptions tiny = TinyModel.Options(seed: 0);
        return new GMemTrainer.Options
        {
            ImageColumnName = nameof(TrainingRow.Bytes),
            ImageSize = TinyModel.ImageSize,
            Network = tiny.Network,
            Training = tiny.Training,
            Sampling = tiny.Sampling,
            EncoderTrainer = tiny.EncoderTrainer,
        };
    }

    public static GMemTransformer Fit(MLContext? mlContext = null, GMemTrainer.Options? options = null) =>
        (mlContext ?? new MLContext(seed: 1)).ImageGeneration.Trainers.GMem(options ?? Options()).Fit(Images);

    /// <summary>Prompts of every kind.</summary>
    public static PromptRow[] Prompts() =>
    [
        new() { Seed = 1 }, new() { Seed = 2 }, new() { Seed = 3, MemoryIndex = 5 },
        new() { Seed = 4, Snippet = [.. Enumerable.Repeat(0.5f, Model.Memory.Dimension)] }, new() { Seed = 5 },
    ];

    private static TrainingRow[] CreateRows()
    {
        using TrainingImages images = TinyModel.Images();
        return [.. ImageTensors.FromTensor(images.Pixels).Select(
            (image, i) => new TrainingRow { Bytes = PngWriter.Encode(image), Features = [1, i, -i], Number = i })];
    }
}

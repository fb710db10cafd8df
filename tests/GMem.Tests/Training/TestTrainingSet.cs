using GMem.Autoencoders;
using GMem.Backbone;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Memory;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training;

/// <summary>Pixels with snippets, all in memory.</summary>
internal static class TestTrainingSet
{
    /// <param name="pixels">uint8 <c>[N, 3, S, S]</c> on the CPU.</param>
    /// <param name="snippets">Row i is the snippet of image i.</param>
    /// <param name="mirroredSnippets">Row i is the snippet of image i mirrored; null where nothing is mirrored.</param>
    /// <param name="autoencoder">What turns images into the network's data.</param>
    /// <param name="conditions">Those of the network.</param>
    public static TrainingSet Of(
        torch.Tensor pixels,
        MemoryBank snippets, MemoryBank? mirroredSnippets, ImageAutoencoder autoencoder, IReadOnlyList<Condition> conditions) =>
        new(new PixelData(new TensorRows(pixels), autoencoder, mirroredSnippets is not null), torch.CPU)
        {
            Conditions = conditions,
            ConditionData = ConditionSource.Of(snippets, mirroredSnippets, null, null, new Dictionary<string, torch.Tensor>()),
        };
}

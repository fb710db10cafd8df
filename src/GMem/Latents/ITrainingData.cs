using GMem.FileFormats;
using GMem.Images;

namespace GMem.Latents;

/// <summary>What the network learns to make: pixels or latents.</summary>
internal interface ITrainingData
{
    /// <summary>How many images.</summary>
    long Count { get; }

    /// <summary>Whether mirror images can be asked for.</summary>
    bool CanMirror { get; }

    /// <summary>The rows that batches are made from, before anything is drawn.</summary>
    RowSource Source { get; }

    /// <param name="indices">Image indices.</param>
    /// <param name="mirrored">For each, whether its mirror image is meant.</param>
    /// <param name="step">The training step, which decides what is drawn.</param>
    /// <param name="device">Where the batch is put.</param>
    /// <param name="augmentation">What is done to each picture, as <see cref="PictureTransform"/> takes it; null for nothing.</param>
    /// <returns>float32 <c>[B, C, h, w]</c>.</returns>
    torch.Tensor Batch(long[] indices, bool[] mirrored, long step, torch.Device device, torch.Tensor? augmentation = null);
}

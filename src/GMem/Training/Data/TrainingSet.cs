using GMem.Autoencoders;
using GMem.Latents;
using GMem.Memory;
using GMem.Runtime;
using GMem.Weights;
using TorchSharp;

namespace GMem.Training;

/// <summary>
/// All that a training run draws its batches from. Owns nothing but borrows all. One decision for a sample mirrors its data, its snippet
/// and its tokens.
/// </summary>
/// <param name="data">Pixels or latents.</param>
/// <param name="device">Where batches are put.</param>
internal sealed class TrainingSet(ITrainingData data, torch.Device device)
{
    /// <summary>Pixels with snippets, all in memory.</summary>
    /// <param name="pixels">uint8 <c>[N, 3, S, S]</c> on the CPU.</param>
    /// <param name="snippets">The bank: row i is the snippet of image i.</param>
    /// <param name="mirroredSnippets">Row i is the snippet of image i mirrored left-right; null where nothing is mirrored.</param>
    /// <param name="autoencoder">What turns images into the network's data.</param>
    /// <param name="device">Where batches are put.</param>
    public TrainingSet(
        torch.Tensor pixels, MemoryBank snippets, MemoryBank? mirroredSnippets, ImageAutoencoder autoencoder, torch.Device device)
        : this(new PixelData(new TensorRows(pixels), autoencoder, mirroredSnippets is not null), device)
    {
        Snippets = snippets;
        MirroredSnippets = mirroredSnippets;
    }

    public long Count => data.Count;

    public bool CanMirror => data.CanMirror;

    /// <summary>What the data are made from, for telling whether they are the same.</summary>
    public RowSource Source => data.Source;

    /// <summary>Row i is the snippet of image i; null for a network without snippets.</summary>
    public MemoryBank? Snippets { get; init; }

    /// <summary>Row i is the snippet of image i mirrored left-right; null where nothing is mirrored.</summary>
    public MemoryBank? MirroredSnippets { get; init; }

    /// <summary>The class of each image; null for a network without labels.</summary>
    public long[]? Labels { get; init; }

    /// <summary>Targets of the projection loss; null where it is not used.</summary>
    public RowPair? Tokens { get; init; }

    /// <param name="indices">Image indices.</param>
    /// <param name="mirrored">For each, whether the image and with it all that belongs to it is mirrored.</param>
    /// <param name="step">The training step, which decides what is drawn from the distributions of latents.</param>
    public TrainingBatch Batch(long[] indices, bool[] mirrored, long step = 0)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor batch = data.Batch(indices, mirrored, step, device);
        torch.Tensor? condition = Condition(indices, mirrored)?.ToDevice(device);
        torch.Tensor? tokens = Tokens?.Rows(indices, mirrored).to(torch.float32).ToDevice(device);
        return new TrainingBatch(batch.MoveToOuterDisposeScope(), condition?.MoveToOuterDisposeScope(), tokens?.MoveToOuterDisposeScope());
    }

    private torch.Tensor? Condition(long[] indices, bool[] mirrored)
    {
        if (Labels is { } labels)
        {
            return torch.tensor(Array.ConvertAll(indices, i => labels[i]));
        }

        torch.Tensor? rows = Snippets?.Rows(indices);
        if (rows is null || MirroredSnippets is null || !mirrored.Contains(true))
        {
            return rows;
        }

        torch.Tensor flip = torch.tensor(mirrored);
        return torch.where(flip.view(-1, 1), MirroredSnippets.Rows(indices), rows);
    }
}

using GMem.Autoencoders;
using GMem.Memory;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>The images and snippets of a training run, from which any batch can be taken. Owns nothing but borrows all.</summary>
/// <param name="pixels">uint8 <c>[N, 3, S, S]</c> on the CPU.</param>
/// <param name="snippets">The bank: row i is the snippet of image i.</param>
/// <param name="mirroredSnippets">Row i is the snippet of image i mirrored left-right; null where nothing is mirrored.</param>
/// <param name="autoencoder">What turns images into the network's data.</param>
/// <param name="device">Where batches are put.</param>
internal sealed class TrainingSet(
    torch.Tensor pixels,
    MemoryBank snippets,
    MemoryBank? mirroredSnippets,
    ImageAutoencoder autoencoder,
    torch.Device device)
{
    public long Count { get; } = pixels.shape[0];

    public bool CanMirror { get; } = mirroredSnippets is not null;

    /// <param name="indices">Image indices.</param>
    /// <param name="mirrored">For each, whether the image and with it its snippet are mirrored.</param>
    /// <returns>Data <c>[B, C, h, w]</c> and snippets <c>[B, m]</c>, float32 on the device.</returns>
    public (torch.Tensor Data, torch.Tensor Snippets) Batch(long[] indices, bool[] mirrored)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = torch.tensor(indices);
        torch.Tensor images = pixels.index_select(0, rows);
        torch.Tensor snippetRows = snippets.Rows(indices);
        if (mirroredSnippets is not null && mirrored.Contains(true))
        {
            torch.Tensor flip = torch.tensor(mirrored);
            images = torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images);
            snippetRows = torch.where(flip.view(-1, 1), mirroredSnippets.Rows(indices), snippetRows);
        }

        torch.Tensor data = autoencoder.Encode(images.ToDevice(device));
        return (data.MoveToOuterDisposeScope(), snippetRows.ToDevice(device).MoveToOuterDisposeScope());
    }
}

using GMem.Autoencoders;
using GMem.FileFormats;
using GMem.Images;

namespace GMem.Latents;

/// <summary>Images that are encoded batch by batch, which only pixels are: that costs nothing.</summary>
/// <param name="images">Rows uint8 <c>[C, H, W]</c>.</param>
/// <param name="autoencoder">From bytes to the network's numbers.</param>
/// <param name="canMirror">Whether images are mirrored.</param>
internal sealed class PixelData(RowSource images, ImageAutoencoder autoencoder, bool canMirror) : ITrainingData
{
    public long Count => images.Count;

    public bool CanMirror => canMirror;

    public RowSource Source => images;

    public torch.Tensor Batch(long[] indices, bool[] mirrored, long step, torch.Device device, torch.Tensor? augmentation = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = images.Rows(indices);
        if (canMirror && mirrored.Contains(true))
        {
            torch.Tensor flip = torch.tensor(mirrored);
            rows = torch.where(flip.view(-1, 1, 1, 1), rows.flip(3), rows);
        }

        rows = augmentation is null ? rows : PictureTransform.Apply(rows, augmentation);
        return autoencoder.Encode(rows.ToDevice(device)).MoveToOuterDisposeScope();
    }
}

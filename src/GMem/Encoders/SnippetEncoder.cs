using GMem.Encoders.DinoV2;
using GMem.Parts;

namespace GMem.Encoders;

/// <summary>Turns an image into a snippet: a vector of unit length that describes what the image shows.</summary>
/// <remarks>
/// To write an encoder, derive from this class and call <see cref="ModelParts.Register{T}"/> in every program that loads models using it.
/// The snippet of an image must not depend on the other images in its batch.
/// </remarks>
public abstract class SnippetEncoder : SharedModelPart
{
    /// <summary>Length m of a snippet.</summary>
    public abstract int Dimension { get; }

    /// <summary>Width of a patch token, for the projection loss (REPA); 0 if the encoder has no patch tokens. Default 0.</summary>
    public virtual int PatchTokenDimension => 0;

    /// <summary>
    /// Whether an image of the user's is handed to <see cref="Encode"/> at the resolution that it has, as the part in its middle with the
    /// aspect ratio of the model's images (<see cref="GMem.Images.CenterCrop.Part"/>), rather than scaled to their size: for networks that
    /// look at more pixels than the model makes. Default false.
    /// </summary>
    public virtual bool UsesSourceResolution => false;

    /// <summary>Encodes a batch of images.</summary>
    /// <param name="images">
    /// uint8 <c>[B, 3, H, W]</c>, RGB; of models of other channels, grey repeated and alpha composited over white.
    /// </param>
    /// <returns>float32 <c>[B, m]</c> on the CPU; every row has unit L2 norm.</returns>
    public abstract torch.Tensor Encode(torch.Tensor images);

    /// <summary>Encodes a batch of images and also returns their patch tokens.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>Snippets <c>[B, m]</c> as from <see cref="Encode"/>, and patch tokens <c>[B, T, z]</c> in row-major order; float32 on
    /// the CPU.</returns>
    /// <exception cref="NotSupportedException">The encoder has no patch tokens: its <see cref="PatchTokenDimension"/> is 0.</exception>
    public virtual (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images) =>
        throw new NotSupportedException(
            $"The snippet encoder '{Kind.Name}' has no patch tokens; the projection loss needs one that has, such as DINOv2.");

    /// <summary>How the patch tokens of an image lie in it. Default: as many below as beside one another.</summary>
    /// <param name="count">Tokens of an image.</param>
    /// <param name="height">Rows of pixels of the image.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <returns>Rows and columns of tokens; where their product is not the count, the tokens cannot be used.</returns>
    public virtual (int Rows, int Columns) PatchGrid(int count, int height, int width)
    {
        int side = (int)Math.Round(Math.Sqrt(count));
        return (side, side);
    }

    /// <summary>Loads DINOv2, the encoder of the published results. The model variant is inferred from the tensors in the file.</summary>
    /// <param name="path">An official checkpoint, for instance <c>dinov2_vitb14_pretrain.pth</c>, or the same tensors as
    /// <c>.safetensors</c>.</param>
    /// <param name="device">Device to run on; null for the CPU.</param>
    /// <returns>A new encoder; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file holds no DINOv2 model; the message names every tensor that does not
    /// match.</exception>
    public static DinoV2Encoder DinoV2(string path, torch.Device? device = null) => DinoV2Encoder.Load(path, device: device);
}

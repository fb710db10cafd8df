using GMem.Images;

namespace GMem;

/// <summary>
/// What one image is to be made from. All fields have the names of the pipeline's prompt columns, and the default of each means that it is
/// not given. Of the memory index, the snippet and the image at most one is given; with none of them the seed picks an entry of the memory
/// bank, among those of the label if there is one. An image that is a picture to start from (with a strength or a mask) may have one of
/// the others beside it, whose memory is then taken instead of the picture's own.
/// </summary>
/// <param name="Seed">Fixes the noise, and the memory entry where none is given. Default 0.</param>
/// <param name="MemoryIndex">Position of an entry in the memory bank, from 0; null for none. Default null.</param>
/// <param name="Snippet">A snippet of the bank's dimension (it need not be of unit length); empty for none. Default empty.</param>
/// <param name="PromptLabel">
/// A label: the class of a network conditioned on labels, and among whose entries the seed picks where a memory entry is to be picked. Null
/// or empty for none. Default null.
/// </param>
/// <param name="PromptImage">
/// An image to make the snippet of, with the model's own encoder; with a <paramref name="Strength"/> or a <paramref name="PromptMask"/>
/// also the picture to start from, cropped as training images are (<see cref="CenterCrop.Apply"/>). Null for none. Default null.
/// </param>
/// <param name="Values">
/// Values of conditions by name; null for none. Those of a <see cref="Backbone.ValuesCondition"/> are made by
/// <see cref="Backbone.ValuesCondition.Of"/>; without them the image is made under the null value, and its memory alone says what it is
/// like. Default null.
/// </param>
/// <param name="Strength">
/// How much of the picture is made anew: from 0, the picture itself (in a latent model as the autoencoder gives it back), to 1, made from
/// noise alone. It is the noise level t = 1 - strength at which the flow starts. Null is 1 with a mask, else no picture to start from.
/// Default null.
/// </param>
/// <param name="PromptMask">
/// Where the picture is painted anew, an image of the picture's size: white is painted, black is kept to the byte, and a grey pixel counts
/// as white from 128 on. Null for everywhere. Default null.
/// </param>
/// <param name="Noise">
/// The noise to start from instead of the seed's, for instance that of a picture (<see cref="InvertedImage.Noise"/>): <c>C h w</c> numbers
/// of the network's data, <see cref="GMemModel.NoiseSize"/>. Empty for the seed's. Default empty.
/// </param>
public readonly record struct GenerationRequest(
    long Seed = 0,
    long? MemoryIndex = null,
    ReadOnlyMemory<float> Snippet = default,
    string? PromptLabel = null,
    RgbImage? PromptImage = null,
    IReadOnlyDictionary<string, ReadOnlyMemory<float>>? Values = null,
    double? Strength = null,
    RgbImage? PromptMask = null,
    ReadOnlyMemory<float> Noise = default)
{
    /// <summary>Whether the image is a picture to start from.</summary>
    internal bool HasStart => Strength is not null || PromptMask is not null;
}

using GMem.Images;

namespace GMem;

/// <summary>
/// What one image is to be made from. All fields have the names of the pipeline's prompt columns, and the default of each means that it is
/// not given. Of the memory index, the snippet and the image at most one is given; with none of them the seed picks an entry of the memory
/// bank, among those of the label if there is one.
/// </summary>
/// <param name="Seed">Fixes the noise, and the memory entry where none is given. Default 0.</param>
/// <param name="MemoryIndex">Position of an entry in the memory bank, from 0; null for none. Default null.</param>
/// <param name="Snippet">A snippet of the bank's dimension (it need not be of unit length); empty for none. Default empty.</param>
/// <param name="PromptLabel">
/// A label: the class of a network conditioned on labels, and among whose entries the seed picks where a memory entry is to be picked. Null
/// or empty for none. Default null.
/// </param>
/// <param name="PromptImage">An image to make the snippet of, with the model's own encoder; null for none. Default null.</param>
/// <param name="Values">Values of conditions of your own, by name; null for none. Default null.</param>
public readonly record struct GenerationRequest(
    long Seed = 0,
    long? MemoryIndex = null,
    ReadOnlyMemory<float> Snippet = default,
    string? PromptLabel = null,
    RgbImage? PromptImage = null,
    IReadOnlyDictionary<string, ReadOnlyMemory<float>>? Values = null);

using GMem.Encoders.DinoV2;
using TorchSharp;

namespace GMem.Encoders;

/// <summary>Turns an image into a snippet, a vector of unit length that says what is in it.</summary>
public abstract class SnippetEncoder : IDisposable
{
    /// <summary>The kind of encoder, as written into a saved model (for instance <c>pca</c>).</summary>
    public abstract string Kind { get; }

    /// <summary>Length m of a snippet.</summary>
    public abstract int Dimension { get; }

    /// <summary>Encodes a batch of images.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>float32 <c>[B, m]</c> on the CPU, every row of unit L2 norm.</returns>
    public abstract torch.Tensor Encode(torch.Tensor images);

    /// <summary>The settings needed to load it again, as JSON.</summary>
    public abstract string SaveConfiguration();

    /// <summary>The tensors needed to load it again, by name; they stay the encoder's.</summary>
    public abstract IReadOnlyDictionary<string, torch.Tensor> SaveTensors();

    /// <summary>Loads DINOv2, the encoder of the published results; which of its models it is, the file's tensors say.</summary>
    /// <param name="path">An official checkpoint, for instance <c>dinov2_vitb14_pretrain.pth</c>, or the same tensors as <c>.safetensors</c>.</param>
    /// <param name="device">Where it runs; null takes the CPU.</param>
    /// <returns>A new encoder; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It holds no DINOv2 model; the message names all tensors that do not fit.</exception>
    public static DinoV2Encoder DinoV2(string path, torch.Device? device = null) => DinoV2Encoder.Load(path, device: device);

    /// <summary>Loads an encoder of any kind.</summary>
    /// <param name="kind">Its <see cref="Kind"/>.</param>
    /// <param name="configurationJson">What <see cref="SaveConfiguration"/> gave.</param>
    /// <param name="tensors">What <see cref="SaveTensors"/> gave; copied, they stay the caller's.</param>
    /// <returns>The encoder; dispose it.</returns>
    /// <exception cref="InvalidDataException">The kind is not known, or the rest does not fit it; the message says what.</exception>
    public static SnippetEncoder Load(string kind, string configurationJson, IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(configurationJson);
        ArgumentNullException.ThrowIfNull(tensors);
        return kind switch
        {
            PcaEncoder.KindName => PcaEncoder.Load(configurationJson, tensors),
            DinoV2Encoder.KindName => DinoV2Encoder.FromSaved(configurationJson, tensors),
            _ => throw new InvalidDataException(
                $"The snippet encoder '{kind}' is not known to this version; it knows '{PcaEncoder.KindName}' and '{DinoV2Encoder.KindName}'."),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}

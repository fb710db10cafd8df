using GMem.Encoders.DinoV2;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Encoders;

/// <summary>Turns an image into a snippet, a vector of unit length that says what is in it.</summary>
public abstract class SnippetEncoder : IDisposable
{
    private readonly UseCount _uses = new();

    /// <summary>The kind of encoder, as written into a saved model (for instance <c>pca</c>).</summary>
    public abstract string Kind { get; }

    /// <summary>Length m of a snippet.</summary>
    public abstract int Dimension { get; }

    /// <summary>Width of a patch token, for the projection loss (REPA); 0 for an encoder that has none. Default 0.</summary>
    public virtual int PatchTokenDimension => 0;

    /// <summary>Encodes a batch of images.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>float32 <c>[B, m]</c> on the CPU, every row of unit L2 norm.</returns>
    public abstract torch.Tensor Encode(torch.Tensor images);

    /// <summary>Encodes a batch of images, keeping the tokens of their patches.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>Snippets <c>[B, m]</c> as of <see cref="Encode"/>, and patch tokens <c>[B, T, z]</c> in row-major order; float32 on the CPU.</returns>
    /// <exception cref="NotSupportedException">The encoder has none: its <see cref="PatchTokenDimension"/> is 0.</exception>
    public virtual (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images) =>
        throw new NotSupportedException($"The snippet encoder '{Kind}' has no patch tokens; the projection loss needs one that has, such as DINOv2.");

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
    /// <param name="device">Where it runs, if it is a network; null takes the CPU.</param>
    /// <returns>The encoder; dispose it.</returns>
    /// <exception cref="InvalidDataException">The kind is not known, or the rest does not fit it; the message says what.</exception>
    public static SnippetEncoder Load(string kind, string configurationJson, IReadOnlyDictionary<string, torch.Tensor> tensors, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(configurationJson);
        ArgumentNullException.ThrowIfNull(tensors);
        return kind switch
        {
            PcaEncoder.KindName => PcaEncoder.Load(configurationJson, tensors),
            DinoV2Encoder.KindName => DinoV2Encoder.FromSaved(configurationJson, tensors, device),
            _ => throw new InvalidDataException(
                $"The snippet encoder '{kind}' is not known to this version; it knows '{PcaEncoder.KindName}' and '{DinoV2Encoder.KindName}'."),
        };
    }

    /// <summary>Whether encoding on several threads at once is safe, and faster than on one.</summary>
    internal virtual bool RunsOnManyThreads => false;

    /// <summary>Lets go of the encoder. Models that were made with it share its weights, which are freed with the last of them.</summary>
    public void Dispose()
    {
        if (_uses.RemoveOwner())
        {
            Dispose(true);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>One more user, who calls <see cref="Release"/> when done.</summary>
    internal SnippetEncoder Share()
    {
        _ = _uses.TryAdd();
        return this;
    }

    /// <summary>Ends a <see cref="Share"/>.</summary>
    internal void Release()
    {
        if (_uses.Remove())
        {
            Dispose(true);
        }
    }

    /// <summary>Frees the tensors; called once, when nobody needs them any more.</summary>
    /// <param name="disposing">True.</param>
    protected abstract void Dispose(bool disposing);
}

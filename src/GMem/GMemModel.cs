using GMem.Encoders;
using GMem.Memory;
using GMem.Sampling;
using GMem.Training;
using TorchSharp;

namespace GMem;

/// <summary>A trained generator: network, memory bank, encoder, and how to sample. Thread-safe for generation.</summary>
public sealed class GMemModel : IDisposable
{
    /// <summary>Side of the images in pixels.</summary>
    public int ImageSize => throw new NotSupportedException();

    /// <summary>The memory bank.</summary>
    public MemoryBank Memory => throw new NotSupportedException();

    /// <summary>The encoder by which the bank was made; null where the user brought the snippets.</summary>
    public SnippetEncoder? Encoder => throw new NotSupportedException();

    /// <summary>How images are made.</summary>
    public SamplingOptions Sampling => throw new NotSupportedException();

    /// <summary>Trains a model.</summary>
    public static GMemModel Fit(TrainingImages images, GMemOptions options, torch.Device device, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Generates one image a request. Each depends on its own request alone, not on the batch.</summary>
    public GeneratedImages Generate(IReadOnlyList<GenerationRequest> requests) => throw new NotSupportedException();

    /// <summary>Checks one request without generating.</summary>
    /// <exception cref="ArgumentException">It is not valid for this model; the message says why.</exception>
    public void Validate(GenerationRequest request) => throw new NotSupportedException();

    /// <summary>The same network with another bank.</summary>
    public GMemModel WithMemory(MemoryBank memory) => throw new NotSupportedException();

    /// <summary>The same network, sampled in another way.</summary>
    public GMemModel WithSampling(SamplingOptions sampling) => throw new NotSupportedException();

    /// <summary>Writes the model.</summary>
    public void Save(IModelArchive archive) => throw new NotSupportedException();

    /// <summary>Reads a model.</summary>
    /// <exception cref="InvalidDataException">What is there is no model, is damaged, or is of a newer version.</exception>
    public static GMemModel Load(IModelArchive archive, torch.Device device) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

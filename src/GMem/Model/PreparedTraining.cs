using GMem.Autoencoders;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Memory;
using GMem.Training;

namespace GMem;

/// <summary>Everything that training needs and a model keeps, made from the user's data. Frees what was made for it.</summary>
internal sealed class PreparedTraining(IReadOnlyList<IDisposable> owned) : IDisposable
{
    public required TrainingSet Set { get; init; }

    /// <summary>The bank of the model to be; null for a network without snippets.</summary>
    public MemoryBank? Bank { get; init; }

    /// <summary>What made the bank; null where snippets came from elsewhere or there are none.</summary>
    public SnippetEncoder? Encoder { get; init; }

    /// <summary>With the statistics of the data, where it takes any.</summary>
    public required ImageAutoencoder Autoencoder { get; init; }

    /// <summary>The pictures, rows uint8 <c>[C, H, W]</c>; null where there are only latents.</summary>
    public RowSource? Pictures { get; init; }

    public required ImageShape ImageShape { get; init; }

    public void Dispose()
    {
        foreach (IDisposable item in owned.Reverse())
        {
            item.Dispose();
        }
    }
}

using GMem.FileFormats;

namespace GMem.Latents;

/// <summary>What a model is trained on. Owns its tensors.</summary>
public sealed class TrainingImages : IDisposable
{
    private readonly torch.Tensor? _pixels;
    private readonly IDisposable? _files;

    /// <summary>Images in memory.</summary>
    /// <param name="pixels">uint8 <c>[N, 3, S, S]</c> on the CPU, RGB.</param>
    /// <param name="snippets">The user's own snippets, float32 <c>[N, m]</c>, or null to have an encoder make them.</param>
    public TrainingImages(torch.Tensor pixels, torch.Tensor? snippets = null)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        _pixels = pixels;
        Snippets = snippets;
        Rows = new TensorRows(pixels);
    }

    /// <summary>Images in files, which may be larger than memory.</summary>
    /// <param name="rows">uint8 <c>[3, S, S]</c> each.</param>
    /// <param name="files">Disposed with this.</param>
    /// <param name="snippets">The user's own snippets, or null.</param>
    internal TrainingImages(RowSource rows, IDisposable files, torch.Tensor? snippets)
    {
        _files = files;
        Snippets = snippets;
        Rows = rows;
    }

    /// <summary>How many images.</summary>
    public long Count => Rows.Count;

    /// <summary>uint8 <c>[N, 3, S, S]</c> on the CPU, RGB.</summary>
    /// <exception cref="InvalidOperationException">The images are in files of the workspace, not in memory.</exception>
    public torch.Tensor Pixels =>
        _pixels ?? throw new InvalidOperationException($"The {Count} images are in files of the workspace, not in memory.");

    /// <summary>float32 <c>[N, m]</c>, or null.</summary>
    public torch.Tensor? Snippets { get; }

    /// <summary>A file name or other source for each image, or null.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>A label for each image, or null.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>
    /// Values of conditions of your own by name, one row an image: tensors <c>[N, ...]</c> on the CPU, disposed with this. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, torch.Tensor> ConditionValues { get; init; } = new Dictionary<string, torch.Tensor>();

    /// <summary>The images, wherever they are.</summary>
    internal RowSource Rows { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pixels?.Dispose();
        _files?.Dispose();
        Snippets?.Dispose();
        foreach (torch.Tensor values in ConditionValues.Values)
        {
            values.Dispose();
        }
    }
}

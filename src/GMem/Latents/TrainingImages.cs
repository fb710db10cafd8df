using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;

namespace GMem.Latents;

/// <summary>What a model is trained on. Owns its tensors.</summary>
public sealed class TrainingImages : IDisposable
{
    private readonly torch.Tensor? _pixels;
    private readonly IDisposable? _files;
    private readonly UseCount _uses;

    /// <summary>Images in memory.</summary>
    /// <param name="pixels">uint8 <c>[N, C, H, W]</c> on the CPU: grey (C = 1), RGB (3) or RGBA (4).</param>
    /// <param name="snippets">The user's own snippets, float32 <c>[N, m]</c>, or null to have an encoder make them.</param>
    public TrainingImages(torch.Tensor pixels, torch.Tensor? snippets = null)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        _pixels = pixels;
        Snippets = snippets;
        Rows = new TensorRows(pixels);
        _uses = new UseCount(nameof(TrainingImages), Free);
    }

    /// <summary>Images in files, which may be larger than memory.</summary>
    /// <param name="rows">uint8 <c>[C, H, W]</c> each.</param>
    /// <param name="files">Disposed with this.</param>
    /// <param name="snippets">The user's own snippets, or null.</param>
    internal TrainingImages(RowSource rows, IDisposable files, torch.Tensor? snippets)
    {
        _files = files;
        Snippets = snippets;
        Rows = rows;
        _uses = new UseCount(nameof(TrainingImages), Free);
    }

    /// <summary>How many images.</summary>
    /// <exception cref="ObjectDisposedException">The images have been disposed.</exception>
    public long Count
    {
        get
        {
            using UseScope use = Use();
            return Rows.Count;
        }
    }

    /// <summary>uint8 <c>[N, C, H, W]</c> on the CPU.</summary>
    /// <exception cref="InvalidOperationException">The images are in files of the workspace, not in memory.</exception>
    public torch.Tensor Pixels =>
        _pixels ?? throw new InvalidOperationException($"The {Count} images are in files of the workspace, not in memory.");

    /// <summary>
    /// How the images were brought to their shape, which the model does with the images of prompts too. Default
    /// <see cref="ImageFit.Crop"/>.
    /// </summary>
    public ImageFit Fit { get; init; }

    /// <summary>float32 <c>[N, m]</c>, or null.</summary>
    public torch.Tensor? Snippets { get; }

    /// <summary>
    /// Snippets of the mirror images, float32 <c>[N, m]</c>, which <see cref="Training.TrainingOptions.HorizontalFlip"/> needs where there
    /// are <see cref="Snippets"/>; disposed with this. Default null.
    /// </summary>
    public torch.Tensor? MirroredSnippets { get; init; }

    /// <summary>
    /// The encoder that made <see cref="Snippets"/>, which the model keeps and encodes prompts with. Yours can be disposed at any time:
    /// this holds a use of its own. Default null: the model can then not encode images.
    /// </summary>
    public SnippetEncoder? Encoder
    {
        get;
        init => field = (SnippetEncoder?)value?.NewHandle();
    }

    /// <summary>A file name or other source for each image, or null.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>A label for each image, or null.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>
    /// Values of conditions by name, one row an image: tensors <c>[N, ...]</c> on the CPU, disposed with this. Those of a
    /// <see cref="Backbone.ValuesCondition"/> have the name <see cref="Backbone.ValuesCondition.Name"/> and are float32 <c>[N, D]</c>;
    /// others are those of conditions of your own. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, torch.Tensor> ConditionValues { get; init; } = new Dictionary<string, torch.Tensor>();

    /// <summary>Shape of each image; of rows that are no images, one that is not valid.</summary>
    internal ImageShape Shape => Rows.RowShape is [long channels, long height, long width]
        ? new((int)height, (int)width, (int)channels) { Fit = Fit }
        : default;

    /// <summary>The images, wherever they are.</summary>
    internal RowSource Rows { get; }

    /// <summary>Frees the tensors and deletes the files; training in progress finishes first.</summary>
    public void Dispose() => _uses.RemoveOwner();

    /// <summary>Keeps the images from being freed.</summary>
    /// <exception cref="ObjectDisposedException">The images have been disposed.</exception>
    internal UseScope Use() => _uses.Hold();

    private void Free()
    {
        _pixels?.Dispose();
        _files?.Dispose();
        Snippets?.Dispose();
        MirroredSnippets?.Dispose();
        Encoder?.Dispose();
        foreach (torch.Tensor values in ConditionValues.Values)
        {
            values.Dispose();
        }
    }
}

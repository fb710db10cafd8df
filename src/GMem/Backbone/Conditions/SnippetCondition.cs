using GMem.Parts;

namespace GMem.Backbone;

/// <summary>
/// A snippet of the memory bank (GMem, arXiv 2412.08781): a unit vector an image, scaled and projected to the width of the network. The
/// null condition is the zero vector.
/// </summary>
public sealed class SnippetCondition : Condition
{
    internal static readonly PartKind SavedKind = new("snippet");

    /// <summary>
    /// Entries m of a snippet, at least 1. Training sets it from the data. Default 768, as the class tokens of DINOv2-B/14 have.
    /// </summary>
    public int Size { get; init; } = 768;

    /// <summary>
    /// Factor on the snippet before its projection, above 0. Null: training takes the square root of <see cref="Size"/>, at which the
    /// snippet's entries are of unit size, as those of the time embedding are; a unit vector is a faint signal that a short training has no
    /// time to amplify. A network built without training takes 1, as official weights need. Default null.
    /// </summary>
    public double? Scale { get; init; }

    /// <summary>
    /// Probability with which each entry of a snippet is dropped in training (GMem's masking), in [0, 1). Default 0.4, the public setting.
    /// </summary>
    public double Dropout { get; init; } = 0.4;

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override string ModuleName => "condition_projection";

    /// <inheritdoc/>
    public override bool UsesSnippets => true;

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() =>
        PartConfiguration.From(new Configuration { Size = Size, Scale = Scale, Dropout = Dropout });

    /// <inheritdoc/>
    public override IEnumerable<string> Faults()
    {
        if (Size < 1)
        {
            yield return $"the snippet's {nameof(Size)} is {Size}, expected at least 1";
        }

        if (Scale is { } scale && !(scale > 0 && double.IsFinite(scale)))
        {
            yield return FormattableString.Invariant($"the snippet's {nameof(Scale)} is {scale}, expected a number above 0, or null");
        }

        if (Dropout is not (>= 0 and < 1))
        {
            yield return FormattableString.Invariant($"the snippet's {nameof(Dropout)} is {Dropout}, expected a probability in [0, 1)");
        }
    }

    /// <inheritdoc/>
    public override torch.nn.Module<torch.Tensor, torch.Tensor> CreateEmbedder(
        int hiddenSize, torch.Device device, torch.ScalarType dtype) =>
        new Projection(Size, Scale ?? 1, hiddenSize, device, dtype);

    /// <inheritdoc/>
    public override void Check(torch.Tensor values, long batch, torch.ScalarType dtype)
    {
        SiTInput.CheckShape(values, [batch, Size], "The snippets (one for each image)", "condition");
        SiTInput.CheckType(values, dtype, "condition");
    }

    /// <inheritdoc/>
    public override torch.Tensor NullValues(long batch, torch.Device device, torch.ScalarType dtype) =>
        torch.zeros(batch, Size, dtype: dtype, device: device);

    /// <inheritdoc/>
    public override torch.Tensor Drop(torch.Tensor values, torch.Generator generator) =>
        ConditionDropout.DropEntries(values, Dropout, generator);

    /// <inheritdoc/>
    public override Condition Complete(ConditionData data, Condition? initial)
    {
        if (data.Snippets is null)
        {
            throw new ArgumentException("The network is conditioned on snippets, but the training data have none.");
        }

        if (initial is SnippetCondition known && known.Size != data.SnippetSize)
        {
            throw new ArgumentException(
                $"The initial model takes snippets of {known.Size} entries, but those of the training data have {data.SnippetSize}.");
        }

        double scale = initial is SnippetCondition { Scale: { } scaled } ? scaled : Scale ?? Math.Sqrt(data.SnippetSize);
        return new SnippetCondition { Size = data.SnippetSize, Scale = scale, Dropout = Dropout };
    }

    /// <inheritdoc/>
    public override torch.Tensor TrainingValues(ConditionData data, long[] indices, bool[] mirrored) => data.Snippets!(indices, mirrored);

    /// <inheritdoc/>
    public override torch.Tensor Values(IReadOnlyList<ConditionPrompt> prompts)
    {
        float[] rows = new float[prompts.Count * Size];
        for (int i = 0; i < prompts.Count; i++)
        {
            prompts[i].Snippet.CopyTo(rows.AsMemory(i * Size, Size));
        }

        return torch.tensor(rows, [prompts.Count, Size]);
    }

    internal static SnippetCondition Load(SavedPart saved)
    {
        Configuration c = saved.Configuration.Read<Configuration>();
        return new SnippetCondition { Size = c.Size, Scale = c.Scale, Dropout = c.Dropout };
    }

    private sealed class Configuration
    {
        public required int Size { get; init; }

        public required double? Scale { get; init; }

        public required double Dropout { get; init; }
    }

    /// <summary>Scale, then an affine layer; its tensors have the official names.</summary>
    private sealed class Projection : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        public readonly Linear linear;
        private readonly double _scale;

        public Projection(int size, double scale, int hiddenSize, torch.Device device, torch.ScalarType dtype)
            : base(nameof(Projection))
        {
            _scale = scale;
            linear = new Linear(size, hiddenSize, device, dtype);
            RegisterComponents();
        }

        public override torch.Tensor forward(torch.Tensor snippets) => linear.forward(_scale == 1 ? snippets : snippets.Times(_scale));
    }
}

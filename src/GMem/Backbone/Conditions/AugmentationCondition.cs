using GMem.Parts;

namespace GMem.Backbone;

/// <summary>
/// What augmentation did to a training picture (arXiv 2206.00364, appendix F.2): a vector that a linear layer without bias embeds, so that
/// zeros, for a picture as it is, add nothing. Training adds it to a network where <c>TrainingOptions.Augmentation</c> is set. It is zero
/// wherever nothing is augmented: in generation, validation, inversion and the likelihood.
/// </summary>
public sealed class AugmentationCondition : Condition
{
    internal static readonly PartKind SavedKind = new("augmentation");

    /// <summary>Numbers that describe what was done, at least 1. Training sets it.</summary>
    public required int Size { get; init; }

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override string ModuleName => "augmentation_projection";

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(new Configuration { Size = Size });

    /// <inheritdoc/>
    public override IEnumerable<string> Faults() =>
        Size >= 1 ? [] : [$"the augmentation's {nameof(Size)} is {Size}, expected at least 1"];

    /// <inheritdoc/>
    public override torch.nn.Module<torch.Tensor, torch.Tensor> CreateEmbedder(
        int hiddenSize, torch.Device device, torch.ScalarType dtype) => new Projection(Size, hiddenSize, device, dtype);

    /// <inheritdoc/>
    public override void Check(torch.Tensor values, long batch, torch.ScalarType dtype)
    {
        SiTInput.CheckShape(values, [batch, Size], "What was done to each image", "condition");
        SiTInput.CheckType(values, dtype, "condition");
    }

    /// <inheritdoc/>
    public override torch.Tensor NullValues(long batch, torch.Device device, torch.ScalarType dtype) =>
        torch.zeros(batch, Size, dtype: dtype, device: device);

    /// <summary>Drops nothing: a network that is not told takes a picture to be as it is.</summary>
    /// <param name="values">Values of a batch.</param>
    /// <param name="generator">Not used.</param>
    /// <returns>A copy.</returns>
    public override torch.Tensor Drop(torch.Tensor values, torch.Generator generator) => values.clone();

    /// <inheritdoc/>
    public override Condition Complete(ConditionData data, Condition? initial) => this;

    /// <summary>Zeros: pictures as they are. The training loop puts what it did to them in their place.</summary>
    /// <param name="data">Not used.</param>
    /// <param name="indices">Image indices.</param>
    /// <param name="mirrored">Not used.</param>
    /// <returns>Zeros <c>[B, Size]</c>.</returns>
    public override torch.Tensor TrainingValues(ConditionData data, long[] indices, bool[] mirrored) => torch.zeros(indices.Length, Size);

    /// <inheritdoc/>
    public override torch.Tensor Values(IReadOnlyList<ConditionPrompt> prompts) => torch.zeros(prompts.Count, Size);

    internal static AugmentationCondition Load(SavedPart saved) => new() { Size = saved.Configuration.Read<Configuration>().Size };

    private sealed class Configuration
    {
        public required int Size { get; init; }
    }

    private sealed class Projection : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        public readonly Parameter weight;

        public Projection(int size, int hiddenSize, torch.Device device, torch.ScalarType dtype)
            : base(nameof(Projection))
        {
            weight = Linear.Unset([hiddenSize, size], device, dtype);
            RegisterComponents();
        }

        public override torch.Tensor forward(torch.Tensor values) => torch.nn.functional.linear(values, weight);
    }
}

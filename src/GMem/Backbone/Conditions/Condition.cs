using System.Text.Json.Serialization;
using GMem.Parts;

namespace GMem.Backbone;

/// <summary>
/// What a network is told about each image besides the time. A condition owns everything that depends on its kind: the check of its values,
/// their dropout in training, the null value that stands for "not told", and the module that embeds them. Embeddings of several conditions
/// are added to that of the time.
/// </summary>
/// <remarks>
/// Immutable. Derive from it to condition on something else, and register the kind (<see cref="ModelParts.Register{T}"/>) before such a
/// model is loaded. Values are one tensor <c>[B, ...]</c> for a batch, and all of them come from <see cref="ConditionData"/> in training
/// and from <see cref="ConditionPrompt"/> in generation.
/// </remarks>
[JsonConverter(typeof(ModelPartJsonConverter<Condition>))]
public abstract class Condition : ModelPart
{
    /// <inheritdoc/>
    public sealed override bool IsThreadSafe => true;

    /// <summary>The name of the embedding module, with which the names of its tensors begin. Unique within a network.</summary>
    public abstract string ModuleName { get; }

    /// <summary>Whether its values are snippets, so that the model needs a memory bank. Default false.</summary>
    public virtual bool UsesSnippets => false;

    /// <summary>Checks the settings.</summary>
    /// <returns>What is wrong with them, a clause each ("Size is 0, expected at least 1"); none if all is well.</returns>
    public virtual IEnumerable<string> Faults() => [];

    /// <summary>
    /// Makes the module that embeds the values. The network draws its weights: normal for a table named <c>embedding_table</c>, zero for
    /// biases, Xavier uniform for other matrices.
    /// </summary>
    /// <param name="hiddenSize">Width D of the embedding.</param>
    /// <param name="device">Where the weights live; may be the <c>meta</c> device.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <returns>A module from values <c>[B, ...]</c> to <c>[B, D]</c>. A row's result must not depend on the other rows.</returns>
    public abstract torch.nn.Module<torch.Tensor, torch.Tensor> CreateEmbedder(int hiddenSize, torch.Device device, torch.ScalarType dtype);

    /// <summary>Checks values before the network uses them.</summary>
    /// <param name="values">The values.</param>
    /// <param name="batch">Number of images B.</param>
    /// <param name="dtype">Floating-point type of the network.</param>
    /// <exception cref="ArgumentException">Their shape, type or range does not fit; the message says which.</exception>
    public abstract void Check(torch.Tensor values, long batch, torch.ScalarType dtype);

    /// <summary>The values that stand for "not told", for guidance.</summary>
    /// <param name="batch">Number of rows.</param>
    /// <param name="device">Where they are put.</param>
    /// <param name="dtype">Floating-point type of the network.</param>
    /// <returns>Values <c>[batch, ...]</c>.</returns>
    /// <exception cref="InvalidOperationException">The network was trained without them.</exception>
    public abstract torch.Tensor NullValues(long batch, torch.Device device, torch.ScalarType dtype);

    /// <summary>Hides part of the values in training.</summary>
    /// <param name="values">Values of a batch.</param>
    /// <param name="generator">The only source of randomness; a CPU generator.</param>
    /// <returns>New values of the same shape.</returns>
    public abstract torch.Tensor Drop(torch.Tensor values, torch.Generator generator);

    /// <summary>Sets what follows from the training data, such as a size or the names of classes.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="initial">The condition of the model that training starts from; null for a new network.</param>
    /// <returns>A condition with all settings; this one if nothing is to be set.</returns>
    /// <exception cref="ArgumentException">
    /// The data lack what the condition needs, or do not fit the initial model; the message says what.
    /// </exception>
    public abstract Condition Complete(ConditionData data, Condition? initial);

    /// <summary>The values of training images.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="indices">Image indices.</param>
    /// <param name="mirrored">For each, whether the image is mirrored.</param>
    /// <returns>Values <c>[B, ...]</c> on the CPU.</returns>
    public abstract torch.Tensor TrainingValues(ConditionData data, long[] indices, bool[] mirrored);

    /// <summary>Checks what one image is to be made from, and fills in what the prompt leaves open.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <returns>The prompt, completed.</returns>
    /// <exception cref="ArgumentException">The prompt does not fit; the message says why.</exception>
    public virtual ConditionPrompt Resolve(ConditionPrompt prompt) => prompt;

    /// <summary>The values of images to be generated.</summary>
    /// <param name="prompts">One prompt an image, as <see cref="Resolve"/> gave it.</param>
    /// <returns>Values <c>[B, ...]</c> on the CPU.</returns>
    public abstract torch.Tensor Values(IReadOnlyList<ConditionPrompt> prompts);
}

using GMem.Backbone;
using GMem.Parts;
using TorchSharp;

namespace GMem.OutsideProject;

/// <summary>
/// An angle for each image, in radians, as the network's own user would write a condition: (sine, cosine, 1), or zeros for "not told",
/// through an affine layer.
/// </summary>
public sealed class AngleCondition : Condition
{
    public static readonly PartKind SavedKind = new("angle");

    private const string ValueName = "angle";
    private const int Features = 3;

    /// <summary>Probability with which an angle is hidden in training.</summary>
    public double Dropout { get; init; } = 0.1;

    public override PartKind Kind => SavedKind;

    public override string ModuleName => "angle_embedder";

    public static AngleCondition Load(SavedPart saved) => new() { Dropout = saved.Configuration.Read<Settings>().Dropout };

    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(new Settings { Dropout = Dropout });

    public override torch.nn.Module<torch.Tensor, torch.Tensor> CreateEmbedder(
        int hiddenSize, torch.Device device, torch.ScalarType dtype) =>
        torch.nn.Linear(Features, hiddenSize, device: device, dtype: dtype);

    public override void Check(torch.Tensor values, long batch, torch.ScalarType dtype)
    {
        if (!values.shape.SequenceEqual([batch, Features]) || values.dtype != dtype)
        {
            throw new ArgumentException($"Angles must be {dtype} [{batch}, {Features}].", nameof(values));
        }
    }

    public override torch.Tensor NullValues(long batch, torch.Device device, torch.ScalarType dtype) =>
        torch.zeros(batch, Features, dtype: dtype, device: device);

    public override torch.Tensor Drop(torch.Tensor values, torch.Generator generator)
    {
        using torch.Tensor uniform = torch.rand(values.shape[0], 1, generator: generator);
        using torch.Tensor limit = torch.tensor((float)Dropout);
        using torch.Tensor kept = uniform.ge(limit);
        using torch.Tensor factor = kept.to(values.dtype, values.device);
        return values.mul(factor);
    }

    public override Condition Complete(ConditionData data, Condition? initial) => data.Values.ContainsKey(ValueName)
        ? this
        : throw new ArgumentException($"The training data have no '{ValueName}' for each image.");

    public override torch.Tensor TrainingValues(ConditionData data, long[] indices, bool[] mirrored)
    {
        // A mirrored image shows the mirrored angle.
        float[] all = data.Values[ValueName].data<float>().ToArray();
        return Encode([.. indices.Select((index, i) => mirrored[i] ? MathF.PI - all[index] : all[index])]);
    }

    public override torch.Tensor Values(IReadOnlyList<ConditionPrompt> prompts)
    {
        torch.Tensor values = Encode(
            [.. prompts.Select(p => p.Values.TryGetValue(ValueName, out ReadOnlyMemory<float> angle) ? angle.Span[0] : 0)]);
        for (int i = 0; i < prompts.Count; i++)
        {
            if (!prompts[i].Values.ContainsKey(ValueName))
            {
                using torch.Tensor row = values[i];
                row.zero_();
            }
        }

        return values;
    }

    private static torch.Tensor Encode(float[] angles) =>
        torch.tensor([.. angles.SelectMany(a => new[] { MathF.Sin(a), MathF.Cos(a), 1f })], [angles.Length, Features]);

    private sealed class Settings
    {
        public required double Dropout { get; init; }
    }
}

using TorchSharp;

namespace GMem.Backbone;

/// <summary>Checks what a network is given, with the names that the caller knows.</summary>
internal static class SiTInput
{
    public static void Check(SiTOptions options, torch.ScalarType dtype, torch.Tensor x, torch.Tensor t, torch.Tensor? condition)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(t);
        long[] shape = x.shape;
        if (shape.Length != 4 || shape[0] < 1 || shape[1] != options.InputChannels || shape[2] != options.InputSize || shape[3] != options.InputSize)
        {
            throw new ArgumentException(
                $"x is {Text(shape)}, but this network takes [B, {options.InputChannels}, {options.InputSize}, {options.InputSize}] with B of at least 1.", nameof(x));
        }

        CheckType(x, dtype, nameof(x));
        CheckShape(t, [shape[0]], "t (one time for each image)", nameof(t));
        CheckType(t, dtype, nameof(t));
        CheckCondition(options, dtype, shape[0], condition);
    }

    private static void CheckCondition(SiTOptions options, torch.ScalarType dtype, long batch, torch.Tensor? condition)
    {
        if (condition is null != (options.Condition == ConditionKind.None))
        {
            throw new ArgumentException(condition is null
                ? $"This network is conditioned on a {options.Condition.ToString().ToLowerInvariant()} for each image, but the condition is null; pass NullCondition(B) for an unconditional prediction."
                : "This network takes no condition; pass null.", nameof(condition));
        }

        if (options.Condition == ConditionKind.Snippet)
        {
            CheckShape(condition!, [batch, options.SnippetSize], "The snippets (one for each image)", nameof(condition));
            CheckType(condition!, dtype, nameof(condition));
        }
        else if (options.Condition == ConditionKind.Label)
        {
            CheckShape(condition!, [batch], "The labels (one for each image)", nameof(condition));
            CheckType(condition!, torch.ScalarType.Int64, nameof(condition));
            CheckLabels(options, condition!);
        }
    }

    private static void CheckLabels(SiTOptions options, torch.Tensor labels)
    {
        // Looking at labels on a GPU would wait for it; there the training set has checked them.
        if (labels.device_type != DeviceType.CPU)
        {
            return;
        }

        long last = options.ClassCount - (options.HasNullLabel ? 0 : 1);
        foreach (long label in labels.data<long>())
        {
            if (label < 0 || label > last)
            {
                throw new ArgumentOutOfRangeException("condition", label,
                    $"A label is outside 0 to {last}{(options.HasNullLabel ? " (the last is the null label)" : "")}.");
            }
        }
    }

    private static void CheckShape(torch.Tensor tensor, long[] expected, string what, string parameter)
    {
        if (!tensor.shape.SequenceEqual(expected))
        {
            throw new ArgumentException($"{what}: the shape is {Text(tensor.shape)}, expected {Text(expected)}.", parameter);
        }
    }

    private static void CheckType(torch.Tensor tensor, torch.ScalarType expected, string parameter)
    {
        if (tensor.dtype != expected)
        {
            throw new ArgumentException($"{parameter} is {tensor.dtype}, expected {expected}; convert it first.", parameter);
        }
    }

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";
}

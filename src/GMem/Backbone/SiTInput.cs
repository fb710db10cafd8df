namespace GMem.Backbone;

/// <summary>Checks what a network is given, with the names that the caller knows.</summary>
internal static class SiTInput
{
    public static void Check(SiTOptions options, torch.ScalarType dtype, torch.Tensor x, torch.Tensor t)
    {
        long[] shape = x.shape;
        if (shape.Length != 4 || shape[0] < 1 || !shape[1..].SequenceEqual(options.InputShape))
        {
            throw new ArgumentException(
                $"x is {Text(shape)}, but this network takes [B, {string.Join(", ", options.InputShape)}] with B of at least 1.",
                nameof(x));
        }

        CheckType(x, dtype, nameof(x));
        CheckShape(t, [shape[0]], "t (one time for each image)", nameof(t));
        CheckType(t, dtype, nameof(t));
    }

    /// <param name="options">The network's.</param>
    /// <param name="dtype">Its type.</param>
    /// <param name="batch">Number of images.</param>
    /// <param name="target">The times to which it leads, or null.</param>
    public static void CheckTarget(SiTOptions options, torch.ScalarType dtype, long batch, torch.Tensor? target)
    {
        if (target is null)
        {
            return;
        }

        if (!options.IsFlowMap)
        {
            throw new ArgumentException(
                $"This network is no flow map ({nameof(SiTOptions.IsFlowMap)} is false); leave the target time null.", nameof(target));
        }

        CheckShape(target, [batch], "The target (one time for each image)", nameof(target));
        CheckType(target, dtype, nameof(target));
    }

    public static void CheckConditions(SiTOptions options, torch.ScalarType dtype, long batch, IReadOnlyList<torch.Tensor> conditions)
    {
        if (conditions.Count != options.Conditions.Count)
        {
            string kinds = string.Join(" and a ", options.Conditions.Select(c => c.Kind.Name));
            throw new ArgumentException(
                options.Conditions.Count == 0 ? "This network takes no condition; pass null."
                    : $"This network is conditioned on a {kinds} for each image, but "
                        + $"{(conditions.Count == 0 ? "the condition is null" : $"{conditions.Count} conditions were given")}; "
                    + "pass NullConditions(B) for an unconditional prediction.",
                "condition");
        }

        for (int i = 0; i < conditions.Count; i++)
        {
            options.Conditions[i].Check(conditions[i], batch, dtype);
        }
    }

    public static void CheckEmbedding(SiTOptions options, long batch, torch.Tensor? embedding)
    {
        if (embedding is null != (options.Conditions.Count == 0))
        {
            throw new ArgumentException(
                embedding is null
                    ? "The conditions are not embedded: call EmbedConditions."
                    : "This network takes no condition; pass null.", nameof(embedding));
        }

        if (embedding is not null)
        {
            CheckShape(embedding, [batch, options.HiddenSize], "The embedding (from EmbedConditions)", nameof(embedding));
        }
    }

    public static void CheckShape(torch.Tensor tensor, long[] expected, string what, string parameter)
    {
        if (!tensor.shape.SequenceEqual(expected))
        {
            throw new ArgumentException($"{what}: the shape is {Text(tensor.shape)}, expected {Text(expected)}.", parameter);
        }
    }

    public static void CheckType(torch.Tensor tensor, torch.ScalarType expected, string parameter)
    {
        if (tensor.dtype != expected)
        {
            throw new ArgumentException($"{parameter} is {tensor.dtype}, expected {expected}; convert it first.", parameter);
        }
    }

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";
}

namespace GMem.Tool.Commands;

/// <summary>What is shown of an adapter.</summary>
internal static class AdapterValue
{
    /// <summary>That of a model; null where it has none.</summary>
    public static object? Of(GMemModel model) => model.Adapter is { } adapter ? Of(adapter, model.AdapterStrength) : null;

    public static object Of(LowRankAdapter adapter, double? strength = null) => new
    {
        adapter.Rank,
        adapter.Alpha,
        Strength = strength,
        Layers = adapter.Layers.Count,
        Parameters = adapter.ParameterCount,
        Network = adapter.NetworkFingerprint,
    };
}

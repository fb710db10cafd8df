namespace GMem.Images;

/// <summary>What data sets call their labels.</summary>
internal static class LabelField
{
    /// <summary>Names of fields and columns, the first before the others; case does not matter.</summary>
    public static IReadOnlyList<string> Names { get; } = ["label", "class", "cls", "category", "class_name", "label_name"];
}

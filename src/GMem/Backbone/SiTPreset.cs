namespace GMem.Backbone;

/// <summary>A named size of <see cref="SiT"/>.</summary>
/// <param name="Name">Its name in the literature, for instance <c>XL</c>.</param>
/// <param name="HiddenSize">Width of a token.</param>
/// <param name="Depth">Number of blocks.</param>
/// <param name="HeadCount">Attention heads of a block.</param>
/// <param name="Source">Where the size comes from.</param>
public sealed record SiTPreset(string Name, int HiddenSize, int Depth, int HeadCount, string Source)
{
    private const string DiT = "DiT (arXiv 2212.09748), table 1; SiT (arXiv 2401.08740)";
    private const string LightningDiT = "LightningDiT (arXiv 2501.01423), public configurations";

    /// <summary>384 wide, 12 deep, 6 heads: 33 M parameters.</summary>
    public static SiTPreset S { get; } = new("S", 384, 12, 6, DiT);

    /// <summary>768 wide, 12 deep, 12 heads: 130 M parameters.</summary>
    public static SiTPreset B { get; } = new("B", 768, 12, 12, DiT);

    /// <summary>1024 wide, 24 deep, 16 heads: 458 M parameters.</summary>
    public static SiTPreset L { get; } = new("L", 1024, 24, 16, DiT);

    /// <summary>1152 wide, 28 deep, 16 heads: 675 M parameters.</summary>
    public static SiTPreset XL { get; } = new("XL", 1152, 28, 16, DiT);

    /// <summary>1536 wide, 24 deep, 24 heads: 1.0 G parameters.</summary>
    public static SiTPreset OneBillion { get; } = new("1p0B", 1536, 24, 24, LightningDiT);

    /// <summary>1792 wide, 28 deep, 28 heads: 1.6 G parameters.</summary>
    public static SiTPreset OnePointSixBillion { get; } = new("1p6B", 1792, 28, 28, LightningDiT);

    /// <summary>All presets, smallest first.</summary>
    public static IReadOnlyList<SiTPreset> All { get; } = [S, B, L, XL, OneBillion, OnePointSixBillion];

    /// <summary>The patch sizes for which the presets are published.</summary>
    public static IReadOnlyList<int> PatchSizes { get; } = [1, 2, 4, 8];

    /// <summary>Finds a preset by its name.</summary>
    /// <param name="name">One of the names of <see cref="All"/>; case does not matter.</param>
    /// <returns>The preset.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those there are.</exception>
    public static SiTPreset Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException(
                $"There is no preset '{name}'; give one of {string.Join(", ", All.Select(p => p.Name))}.", nameof(name));
    }
}

namespace GMem.Backbone;

/// <summary>What a <see cref="SiT"/> is built from. The defaults are those of SiT-B with snippets of 768 entries.</summary>
public sealed class SiTOptions
{
    /// <summary>Side of the square input in pixels or latent cells. Default 32.</summary>
    public int InputSize { get; set; } = 32;
}

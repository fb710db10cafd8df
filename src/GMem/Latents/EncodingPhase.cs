namespace GMem.Latents;

/// <summary>What is done between the reading of the images and the first training step.</summary>
public enum EncodingPhase
{
    /// <summary>The images are encoded, or found as an earlier run encoded them.</summary>
    Images,

    /// <summary>An encoder is fitted to the images; before <see cref="Images"/>.</summary>
    Encoder,

    /// <summary>Mean and deviation of the latents are computed; after <see cref="Images"/>.</summary>
    Statistics,

    /// <summary>The memory bank is built from the snippets.</summary>
    Memory,

    /// <summary>The source of the flow is fitted, where the training options ask for one.</summary>
    Source,
}

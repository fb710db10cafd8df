namespace GMem.Autoencoders;

/// <summary>The shape of a KL autoencoder (the one of latent diffusion, arXiv 2112.10752), for RGB images.</summary>
/// <remarks>The defaults are those of the Stable Diffusion autoencoder, f8d4.</remarks>
public sealed record KlAutoencoderOptions
{
    /// <summary>Channels at the highest resolution (<c>ch</c>); a multiple of 32. Default 128.</summary>
    public int BaseChannels { get; init; } = 128;

    /// <summary>
    /// Channels of each level as a multiple of <see cref="BaseChannels"/>, from the highest resolution down (<c>ch_mult</c>). Every level
    /// except the last halves both sides. Default 1, 2, 4, 4.
    /// </summary>
    public IReadOnlyList<int> ChannelMultipliers
    {
        get;
        init => field = Copy(value);
    } = [1, 2, 4, 4];

    /// <summary>Residual blocks per level of the encoder (<c>num_res_blocks</c>); the decoder has one more. Default 2.</summary>
    public int ResidualBlocks { get; init; } = 2;

    /// <summary>Channels between the encoder or decoder and the 1 x 1 convolutions around the latent (<c>z_channels</c>). Default
    /// 4.</summary>
    public int BottleneckChannels { get; init; } = 4;

    /// <summary>Channels of a latent (<c>embed_dim</c>). Default 4.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>
    /// Levels of the encoder, counted from 0 at the highest resolution, whose blocks are followed by attention. The official settings use
    /// nominal resolutions instead: level i corresponds to <c>resolution / 2^i</c>. The middle block always has attention. Default none.
    /// </summary>
    public IReadOnlyList<int> EncoderAttentionLevels
    {
        get;
        init => field = Copy(value);
    } = [];

    /// <summary>Like <see cref="EncoderAttentionLevels"/>, for the decoder. Default none.</summary>
    public IReadOnlyList<int> DecoderAttentionLevels
    {
        get;
        init => field = Copy(value);
    } = [];

    /// <summary>Whether the encoder outputs a mean and a variance. If not, it outputs only latents (<c>use_variational: false</c>). Default
    /// true.</summary>
    public bool Variational { get; init; } = true;

    /// <summary>Side of a latent cell in pixels.</summary>
    internal int DownsamplingFactor => 1 << (ChannelMultipliers.Count - 1);

    /// <summary>The autoencoder of Stable Diffusion and SiT: 8 x 8 pixels per cell, 4 channels.</summary>
    /// <returns>New options.</returns>
    public static KlAutoencoderOptions StableDiffusion() => new();

    /// <summary>VA-VAE (arXiv 2501.01423), used by LightningDiT and GMem: 16 x 16 pixels per cell, 32 channels.</summary>
    /// <returns>New options.</returns>
    public static KlAutoencoderOptions VaVae() => Sixteenfold(32, decoderAttention: [4]);

    /// <summary>The autoencoder of MAR (arXiv 2406.11838): 16 x 16 pixels per cell, 16 channels.</summary>
    /// <returns>New options.</returns>
    public static KlAutoencoderOptions Mar() => Sixteenfold(16, decoderAttention: []);

    /// <summary>Checks every setting.</summary>
    /// <exception cref="ArgumentException">At least one setting is out of range; the message lists them all.</exception>
    public void Validate()
    {
        List<string> faults = [];
        void Require(bool holds, string fault)
        {
            if (!holds)
            {
                faults.Add(fault);
            }
        }

        int levels = ChannelMultipliers?.Count ?? 0;
        Require(
            BaseChannels is >= 32 and <= 8192 && BaseChannels % 32 == 0,
            $"{nameof(BaseChannels)} must be a multiple of 32 up to 8192, not {BaseChannels}");
        Require(
            levels is >= 1 and <= 16 && ChannelMultipliers!.All(m => m is >= 1 and <= 256),
            $"{nameof(ChannelMultipliers)} must be 1 to 16 numbers from 1 to 256");
        Require(ResidualBlocks is >= 1 and <= 64, $"{nameof(ResidualBlocks)} must be 1 to 64, not {ResidualBlocks}");
        Require(BottleneckChannels is >= 1 and <= 8192, $"{nameof(BottleneckChannels)} must be 1 to 8192, not {BottleneckChannels}");
        Require(LatentChannels is >= 1 and <= 8192, $"{nameof(LatentChannels)} must be 1 to 8192, not {LatentChannels}");
        Require(AreLevels(EncoderAttentionLevels, levels), $"{nameof(EncoderAttentionLevels)} must be levels from 0 to {levels - 1}");
        Require(AreLevels(DecoderAttentionLevels, levels), $"{nameof(DecoderAttentionLevels)} must be levels from 0 to {levels - 1}");
        if (faults.Count > 0)
        {
            throw new ArgumentException($"The KL autoencoder cannot be built: {string.Join("; ", faults)}.");
        }
    }

    /// <summary>A list that nobody else can change; null is left for <see cref="Validate"/> to name.</summary>
    private static IReadOnlyList<int> Copy(IReadOnlyList<int> values) => values is null ? null! : [.. values];

    private static bool AreLevels(IReadOnlyList<int>? levels, int count) => levels is not null && levels.All(l => l >= 0 && l < count);

    private static KlAutoencoderOptions Sixteenfold(int channels, int[] decoderAttention) => new()
    {
        ChannelMultipliers = [1, 1, 2, 2, 4],
        BottleneckChannels = channels,
        LatentChannels = channels,
        EncoderAttentionLevels = [4],
        DecoderAttentionLevels = decoderAttention,
    };
}

namespace GMem.Encoders.DinoV2;

/// <summary>The shape of a DINOv2 network and how images are prepared for it.</summary>
/// <remarks>The presets are the published models (arXiv 2304.07193, table 15; registers: arXiv 2309.16588). The defaults are
/// ViT-B/14's.</remarks>
public sealed record DinoV2Options
{
    /// <summary>Width D of a token, and therefore the length of a snippet. Default 768.</summary>
    public int EmbedDim { get; init; } = 768;

    /// <summary>Number of blocks. Default 12.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Number of attention heads; must divide <see cref="EmbedDim"/>. Default 12. It cannot be inferred from the weights; all
    /// published models have 64 channels per head.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Side of a patch in pixels. Default 14.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Side in pixels of the images that the stored position embedding is for; a multiple of <see cref="PatchSize"/>. Default
    /// 518.</summary>
    public int ImageSize { get; init; } = 518;

    /// <summary>Number of register tokens. Default 0; 4 in the published models that have them.</summary>
    public int RegisterTokens { get; init; }

    /// <summary>Whether the MLP is a SwiGLU (ViT-g) rather than two layers with a GELU. Default false.</summary>
    public bool SwiGlu { get; init; }

    /// <summary>
    /// Ratio of the MLP's width to <see cref="EmbedDim"/>. A SwiGLU uses two thirds of that width, rounded up to a multiple of 8.
    /// Default 4.
    /// </summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Offset added to the number of patches before the position embedding is resized. Default 0.1; 0 in the models with
    /// registers.</summary>
    public double InterpolateOffset { get; init; } = 0.1;

    /// <summary>Whether the position embedding is resized with antialiasing. Default false; true in the models with registers.</summary>
    public bool InterpolateAntialias { get; init; }

    /// <summary>
    /// Whether an image that is not square is squeezed into a square, as the public GMem code does. The image's width determines the side
    /// of the square. Default false: the aspect ratio is kept, to the nearest patch. Square images are unaffected.
    /// </summary>
    public bool SqueezeToSquare { get; init; }

    /// <summary>Width of the MLP's hidden layer.</summary>
    internal int HiddenDim => SwiGlu ? ((int)((int)(EmbedDim * MlpRatio) * 2 / 3.0) + 7) / 8 * 8 : (int)(EmbedDim * MlpRatio);

    /// <summary>ViT-S/14: 384 wide, 12 deep, 6 heads.</summary>
    /// <param name="registers">Whether the model has 4 register tokens.</param>
    /// <returns>New options.</returns>
    public static DinoV2Options VitS14(bool registers = false) => Preset(384, 12, 6, registers);

    /// <summary>ViT-B/14: 768 wide, 12 deep, 12 heads. GMem's published results use this one.</summary>
    /// <param name="registers">Whether the model has 4 register tokens.</param>
    /// <returns>New options.</returns>
    public static DinoV2Options VitB14(bool registers = false) => Preset(768, 12, 12, registers);

    /// <summary>ViT-L/14: 1024 wide, 24 deep, 16 heads.</summary>
    /// <param name="registers">Whether the model has 4 register tokens.</param>
    /// <returns>New options.</returns>
    public static DinoV2Options VitL14(bool registers = false) => Preset(1024, 24, 16, registers);

    /// <summary>ViT-g/14: 1536 wide, 40 deep, 24 heads, SwiGLU.</summary>
    /// <param name="registers">Whether the model has 4 register tokens.</param>
    /// <returns>New options.</returns>
    public static DinoV2Options VitG14(bool registers = false) => Preset(1536, 40, 24, registers) with { SwiGlu = true };

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

        Require(EmbedDim is >= 1 and <= 16384, $"{nameof(EmbedDim)} must be 1 to 16384, not {EmbedDim}");
        Require(Depth is >= 1 and <= 1024, $"{nameof(Depth)} must be 1 to 1024, not {Depth}");
        Require(Heads >= 1 && EmbedDim % Math.Max(1, Heads) == 0,
            $"{nameof(Heads)} must divide {nameof(EmbedDim)} ({EmbedDim}); {Heads} does not");
        Require(PatchSize is >= 1 and <= 1024, $"{nameof(PatchSize)} must be 1 to 1024, not {PatchSize}");
        Require(ImageSize >= PatchSize && ImageSize <= 65536 && ImageSize % Math.Max(1, PatchSize) == 0,
            $"{nameof(ImageSize)} must be a multiple of {nameof(PatchSize)} ({PatchSize}) up to 65536, not {ImageSize}");
        Require(RegisterTokens is >= 0 and <= 1024, $"{nameof(RegisterTokens)} must be 0 to 1024, not {RegisterTokens}");
        Require(MlpRatio is > 0 and <= 64, $"{nameof(MlpRatio)} must be above 0 and at most 64, not {MlpRatio}");
        Require(InterpolateOffset is >= 0 and < 1, $"{nameof(InterpolateOffset)} must be at least 0 and below 1, not {InterpolateOffset}");
        if (faults.Count > 0)
        {
            throw new ArgumentException($"DINOv2 cannot be built: {string.Join("; ", faults)}.");
        }
    }

    private static DinoV2Options Preset(int width, int depth, int heads, bool registers) => new()
    {
        EmbedDim = width,
        Depth = depth,
        Heads = heads,
        RegisterTokens = registers ? 4 : 0,
        InterpolateOffset = registers ? 0 : 0.1,
        InterpolateAntialias = registers,
    };
}

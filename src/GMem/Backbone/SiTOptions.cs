using System.Text.Json.Serialization;

namespace GMem.Backbone;

/// <summary>
/// What a <see cref="SiT"/> is built from. The defaults are those of SiT-B/2 on 4 x 32 x 32 latents with snippets of 768 entries.
/// </summary>
/// <remarks>
/// One class covers SiT (arXiv 2401.08740) and LightningDiT (arXiv 2501.01423): <see cref="WithLightningBlocks"/> sets the latter's
/// switches. Immutable: change options with a <c>with</c> expression.
/// </remarks>
public sealed record SiTOptions
{
    /// <summary>Side of the square input in pixels or latent cells; a multiple of <see cref="PatchSize"/>. Default 32.</summary>
    public int InputSize { get; init; } = 32;

    /// <summary>
    /// Rows of the input in pixels or latent cells, where it is no square; a multiple of <see cref="PatchSize"/>. Null takes
    /// <see cref="InputSize"/>. Default null.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? InputHeight { get; init; }

    /// <summary>Columns of the input, like <see cref="InputHeight"/>. Default null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? InputWidth { get; init; }

    /// <summary>
    /// Channels of the input: 3 for RGB pixels (1 for grey, 4 with alpha), 4 for SD-VAE latents, 32 for VA-VAE latents. Default 4.
    /// </summary>
    public int InputChannels { get; init; } = 4;

    /// <summary>Side of the square patch that makes one token. Default 2.</summary>
    public int PatchSize { get; init; } = 2;

    /// <summary>Width of a token; a multiple of <see cref="HeadCount"/> and of 4. Default 768.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Number of transformer blocks. Default 12.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads of a block. Default 12.</summary>
    public int HeadCount { get; init; } = 12;

    /// <summary>
    /// Hidden width of a block's MLP; null takes <see cref="MlpRatio"/> times the width, two thirds of that with <see cref="UseSwiGlu"/>.
    /// Default null.
    /// </summary>
    public int? MlpHiddenSize { get; init; }

    /// <summary>Hidden width of a block's MLP over the width of a token, where <see cref="MlpHiddenSize"/> is null. Default 4.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Width of the sinusoidal time features; even. Default 256.</summary>
    public int FrequencyEmbeddingSize { get; init; } = 256;

    /// <summary>RMSNorm with a weight instead of LayerNorm without one; both have epsilon 1e-6. Default false.</summary>
    public bool UseRmsNorm { get; init; }

    /// <summary>SwiGLU (arXiv 2002.05202) instead of the GELU MLP. Default false.</summary>
    public bool UseSwiGlu { get; init; }

    /// <summary>Two-dimensional rotary embedding of queries and keys, besides the sine-cosine positions. Default false.</summary>
    public bool UseRope { get; init; }

    /// <summary>
    /// Normalises queries and keys: LayerNorm (epsilon 1e-5, affine), or RMSNorm with <see cref="UseRmsNorm"/>. Default false.
    /// </summary>
    public bool UseQkNorm { get; init; }

    /// <summary>Whether the blocks' adaLN shifts as well as scales (6 chunks instead of 4). Default true.</summary>
    public bool UseShift { get; init; } = true;

    /// <summary>
    /// Doubles the output channels and drops the second half, as the checkpoints of the original SiT need. Default false.
    /// </summary>
    public bool LearnSigma { get; init; }

    /// <summary>
    /// What the network is told about an image besides the time; none makes it unconditional. Their embeddings are added. Default: a
    /// snippet (<see cref="SnippetCondition"/>).
    /// </summary>
    public IReadOnlyList<Condition> Conditions
    {
        get;
        init => field = value is null ? null! : [.. value];
    } = [new SnippetCondition()];

    /// <summary>
    /// Width of the patch tokens that the REPA projector predicts (arXiv 2410.06940); 0 for no projector. Default 0; 768 for DINOv2-B.
    /// </summary>
    public int ProjectionSize { get; init; }

    /// <summary>Hidden width of the projector's three layers. Default 2048.</summary>
    public int ProjectorHiddenSize { get; init; } = 2048;

    /// <summary>After how many blocks the projector reads the tokens, from 1 to <see cref="Depth"/>. Default 4.</summary>
    public int ProjectorDepth { get; init; } = 4;

    /// <summary>
    /// Whether the network is told, besides the time, how far a flow map leads from there, and predicts the mean velocity until then
    /// (arXiv 2505.13447). The embedding of the length is zero at length zero, where it is the velocity field of the same weights. Default
    /// false; <see cref="Training.FlowMapOptions"/> sets it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsFlowMap { get; init; }

    /// <summary>How new weights are drawn. Default <see cref="SiTInitialisation.AdaLNZero"/>.</summary>
    public SiTInitialisation Initialisation { get; init; } = SiTInitialisation.AdaLNZero;

    /// <summary>
    /// Computes each block a second time in the backward pass instead of keeping its intermediate results: the same gradients, a fraction
    /// of the memory, about 1.4 times the time. Default false.
    /// </summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>Options of a published size, conditioned on snippets, all else at its default.</summary>
    /// <param name="preset">The size.</param>
    /// <param name="patchSize">Side of a patch; published are 1, 2, 4 and 8.</param>
    /// <returns>New options.</returns>
    public static SiTOptions FromPreset(SiTPreset preset, int patchSize)
    {
        ArgumentNullException.ThrowIfNull(preset);
        return new SiTOptions { HiddenSize = preset.HiddenSize, Depth = preset.Depth, HeadCount = preset.HeadCount, PatchSize = patchSize };
    }

    /// <summary>The same options with the switches by which LightningDiT differs from SiT: RMSNorm, SwiGLU and RoPE.</summary>
    /// <returns>New options.</returns>
    public SiTOptions WithLightningBlocks() => this with { UseRmsNorm = true, UseSwiGlu = true, UseRope = true };

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentException">Some do not fit; the message names each, its value and what is expected.</exception>
    public void Validate()
    {
        List<string> faults = [];
        AddSizeFaults(faults);
        AddConditionFaults(faults);
        if (faults.Count > 0)
        {
            throw new ArgumentException($"The network's options are not valid: {string.Join("; ", faults)}.");
        }
    }

    /// <summary>The shape of one input, <c>[C, H, W]</c>.</summary>
    internal long[] InputShape => [InputChannels, InputHeight ?? InputSize, InputWidth ?? InputSize];

    /// <summary>The sides of the input for messages: one number of a square, else width and height.</summary>
    internal string InputSides => InputShape is [_, long height, long width] && height != width
        ? string.Create(CultureInfo.InvariantCulture, $"{width} x {height}")
        : string.Create(CultureInfo.InvariantCulture, $"{InputShape[1]}");

    /// <summary>Patches below and beside one another.</summary>
    internal (int Rows, int Columns) Grid => ((InputHeight ?? InputSize) / PatchSize, (InputWidth ?? InputSize) / PatchSize);

    internal int TokenCount => Grid.Rows * Grid.Columns;

    internal int HeadSize => HiddenSize / HeadCount;

    internal int OutputChannels => LearnSigma ? 2 * InputChannels : InputChannels;

    /// <summary>Chunks of a block's adaLN: shift, scale and gate for attention and MLP, or without the shifts.</summary>
    internal int ModulationChunks => UseShift ? 6 : 4;

    internal int ResolvedMlpHiddenSize =>
        MlpHiddenSize ?? (UseSwiGlu ? (int)(2.0 / 3.0 * (int)(HiddenSize * MlpRatio)) : (int)(HiddenSize * MlpRatio));

    /// <summary>The same options for inputs of a shape.</summary>
    internal SiTOptions WithInput(int channels, int height, int width) => height == width
        ? this with { InputChannels = channels, InputSize = height, InputHeight = null, InputWidth = null }
        : this with { InputChannels = channels, InputSize = Math.Max(height, width), InputHeight = height, InputWidth = width };

    /// <summary>The condition of a type, or null.</summary>
    internal T? Find<T>()
        where T : Condition => Conditions.OfType<T>().FirstOrDefault();

    private void AddSizeFaults(List<string> faults)
    {
        AddPositiveFaults(faults);
        if (faults.Count > 0)
        {
            return;
        }

        foreach ((string name, int size) in SideSettings())
        {
            Require(faults, size % PatchSize == 0, name, size, $"a multiple of {nameof(PatchSize)} ({PatchSize})");
        }

        Require(faults, HiddenSize % HeadCount == 0, nameof(HiddenSize), HiddenSize, $"a multiple of {nameof(HeadCount)} ({HeadCount})");
        Require(faults, HiddenSize % 4 == 0, nameof(HiddenSize), HiddenSize, "a multiple of 4, for the sine-cosine positions");
        Require(faults, !UseRope || HeadSize % 4 == 0, nameof(HeadCount), HeadCount,
            $"one that gives heads of a multiple of 4 for {nameof(UseRope)} (they have {HeadSize})");
        Require(faults, FrequencyEmbeddingSize % 2 == 0, nameof(FrequencyEmbeddingSize), FrequencyEmbeddingSize, "even");
        Require(faults, double.IsFinite(MlpRatio) && ResolvedMlpHiddenSize >= 1, nameof(MlpRatio), MlpRatio,
            "large enough for a hidden width of at least 1");
        Require(faults, Enum.IsDefined(Initialisation), nameof(Initialisation), Initialisation,
            $"one of {string.Join(", ", Enum.GetNames<SiTInitialisation>())}");
        Require(faults, ProjectionSize >= 0, nameof(ProjectionSize), ProjectionSize, "0 (no projector) or more");
        if (ProjectionSize > 0)
        {
            Require(faults, ProjectorHiddenSize >= 1, nameof(ProjectorHiddenSize), ProjectorHiddenSize, "at least 1");
            Require(faults, ProjectorDepth >= 1 && ProjectorDepth <= Depth, nameof(ProjectorDepth), ProjectorDepth,
                $"from 1 to {nameof(Depth)} ({Depth})");
        }
    }

    private void AddPositiveFaults(List<string> faults)
    {
        foreach ((string name, int size) in SideSettings())
        {
            Require(faults, size is >= 1 and <= 16384, name, size, "from 1 to 16384");
        }

        Require(faults, InputChannels is >= 1 and <= 65536, nameof(InputChannels), InputChannels, "from 1 to 65536");
        Require(faults, PatchSize is >= 1 and <= 16384, nameof(PatchSize), PatchSize, "from 1 to 16384");
        Require(faults, HiddenSize is >= 1 and <= 65536, nameof(HiddenSize), HiddenSize, "from 1 to 65536");
        Require(faults, Depth is >= 1 and <= 1024, nameof(Depth), Depth, "from 1 to 1024");
        Require(faults, HeadCount is >= 1 and <= 65536, nameof(HeadCount), HeadCount, "from 1 to 65536");
        Require(faults, FrequencyEmbeddingSize is >= 2 and <= 65536, nameof(FrequencyEmbeddingSize), FrequencyEmbeddingSize,
            "from 2 to 65536");
        Require(faults, MlpHiddenSize is null or (>= 1 and <= 1 << 20), nameof(MlpHiddenSize), MlpHiddenSize, "null or from 1 to 2^20");
    }

    /// <summary>The sides that count, with the names of their settings.</summary>
    private IEnumerable<(string Name, int Size)> SideSettings() => new (string Name, int? Size)[]
    {
        (nameof(InputSize), InputHeight is null || InputWidth is null ? InputSize : null),
        (nameof(InputHeight), InputHeight),
        (nameof(InputWidth), InputWidth),
    }.Where(s => s.Size is not null).Select(s => (s.Name, s.Size!.Value));

    private void AddConditionFaults(List<string> faults)
    {
        if (Conditions is null || Conditions.Any(c => c is null))
        {
            faults.Add($"{nameof(Conditions)} is null or has a null entry, expected a list (empty for an unconditional network)");
            return;
        }

        faults.AddRange(Conditions.SelectMany(c => c.Faults()));
        string[] twice = [.. Conditions.GroupBy(c => c.ModuleName).Where(g => g.Count() > 1).Select(g => g.Key)];
        if (twice.Length > 0)
        {
            faults.Add($"{nameof(Conditions)} has more than one with the module name {string.Join(", ", twice.Select(t => $"'{t}'"))}");
        }
    }

    private static void Require(List<string> faults, bool holds, string name, object? value, string expected)
    {
        if (!holds)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value ?? "null"}, expected {expected}"));
        }
    }
}

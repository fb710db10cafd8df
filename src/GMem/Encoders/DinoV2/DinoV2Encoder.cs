using GMem.FileFormats;
using GMem.Parts;

namespace GMem.Encoders.DinoV2;

/// <summary>Encodes images with DINOv2. The snippet is the class token, normalised to unit length; the patch tokens are targets for the
/// projection loss.</summary>
/// <remarks>
/// Images of 256 x 256 pixels are resized to 224 x 224 (16 x 16 patches), images of 512 x 512 to 448 x 448 (32 x 32 patches), and so on.
/// The position embedding is resampled to 16 x 16 once, on loading. The public GMem code does the same, so snippets are compatible with
/// the published memory banks.
/// </remarks>
public sealed class DinoV2Encoder : SnippetEncoder
{
    internal static readonly PartKind SavedKind = new("dinov2");

    /// <summary>Limit for one image; a square of 4095 x 4095 pixels has 57,600. Attention over more tokens would take forever.</summary>
    private const long MaximumTokens = 65_536;

    private readonly DinoVisionTransformer _network;
    private readonly DinoV2Options _options;
    private readonly WeightPlacement _placement;
    private int _sliceSize = 16;

    private DinoV2Encoder(DinoVisionTransformer network, DinoV2Options options, WeightPlacement placement)
    {
        _network = network;
        _options = options;
        _placement = placement;
    }

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <summary>True on the CPU.</summary>
    public override bool IsThreadSafe => _placement.Device.type == DeviceType.CPU;

    /// <inheritdoc/>
    public override int Dimension => _options.EmbedDim;

    /// <inheritdoc/>
    public override int PatchTokenDimension => _options.EmbedDim;

    /// <summary>Number of images the network processes at once. It affects memory use but not the results. At least 1. Default
    /// 16.</summary>
    public int SliceSize
    {
        get => _sliceSize;
        set => _sliceSize = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one image must be encoded at a time.");
    }

    internal DinoVisionTransformer Network => _network;

    /// <summary>Loads an official checkpoint, such as <c>dinov2_vitb14_pretrain</c>.</summary>
    /// <param name="path">A PyTorch checkpoint (<c>.pth</c>) or <c>.safetensors</c> file with the official tensor names.</param>
    /// <param name="options">The shape of the network; null infers it from the tensors.</param>
    /// <param name="device">Device to run on; null for the CPU.</param>
    /// <param name="dataType">Type to compute in: Float32 or Float64, or on a GPU also BFloat16 or Float16. Default Float32.</param>
    /// <returns>A new encoder; dispose it.</returns>
    /// <exception cref="ArgumentException">The device does not support that type, or the options are invalid.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The tensors do not match the network; the message names every tensor that is missing,
    /// unexpected or of the wrong shape.</exception>
    /// <exception cref="NotSupportedException">The file extension is not supported.</exception>
    public static DinoV2Encoder Load(
        string path, DinoV2Options? options = null, torch.Device? device = null, torch.ScalarType dataType = torch.ScalarType.Float32)
    {
        WeightPlacement placement = WeightPlacement.For(device, dataType);
        Dictionary<string, torch.Tensor> tensors = WeightsFile.ReadTensors(path);
        try
        {
            DinoV2Options shape = options ?? DinoV2Inference.FromShapes(WeightsFile.Shapes(tensors), path);
            return Create(tensors, shape, path, placement);
        }
        finally
        {
            WeightsFile.Dispose(tensors);
        }
    }

    /// <summary>Loads what <see cref="SaveConfiguration"/> and <see cref="SaveTensors"/> returned.</summary>
    internal static DinoV2Encoder Load(SavedPart saved)
    {
        DinoV2Options options = saved.Configuration.Read<DinoV2Options>();
        options.Validate();
        const string Source = "saved DINOv2 encoder";
        WeightPlacement placement = WeightPlacement.ForSaved(saved.Device, saved.Tensors);
        using (DinoVisionTransformer shapes = new(options, placement with { Device = torch.META }))
        {
            StateDict.RequireFit(shapes, TensorShape.Of(saved.Tensors), Source);
        }

        return Create(saved.Tensors, options, Source, placement);
    }

    /// <summary>Creates an encoder with random weights, for experiments without a checkpoint. Different images still get different
    /// snippets.</summary>
    /// <param name="options">The shape of the network.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="device">Device to run on; null for the CPU.</param>
    /// <returns>A new encoder; dispose it.</returns>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public static DinoV2Encoder CreateRandom(DinoV2Options options, long seed, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        DinoV2Options shape = options with { ImageSize = DinoV2Preprocessing.Patches * options.PatchSize };
        WeightPlacement placement = new(device ?? torch.CPU, torch.ScalarType.Float32);
        DinoVisionTransformer network = new(shape, placement);
        RandomWeights.Fill(network, seed);
        return new DinoV2Encoder(network, shape, placement);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The images are not uint8 <c>[B, 3, H, W]</c>, or each would have more than 65,536
    /// tokens.</exception>
    public override torch.Tensor Encode(torch.Tensor images)
    {
        return Run(images, withTokens: false).Snippets;
    }

    /// <summary>Encodes a batch of images, keeping the patch tokens.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB.</param>
    /// <returns>
    /// Snippets <c>[B, m]</c>, whose rows have unit L2 norm, and patch tokens <c>[B, T, m]</c> after the network's final norm, in row-major
    /// order. T = 256 for square images of less than 512 pixels a side. Both are float32 on the CPU.
    /// </returns>
    /// <exception cref="ArgumentException">The images are not uint8 <c>[B, 3, H, W]</c>, or each would have more than 65,536
    /// tokens.</exception>
    public override (torch.Tensor Snippets, torch.Tensor Tokens) EncodeWithPatches(torch.Tensor images)
    {
        (torch.Tensor snippets, torch.Tensor? tokens) = Run(images, withTokens: true);
        return (snippets, tokens!);
    }

    /// <inheritdoc/>
    public override (int Rows, int Columns) PatchGrid(int count, int height, int width)
    {
        (long rows, long columns) = DinoV2Preprocessing.Grid(height, width, _options);
        return ((int)rows, (int)columns);
    }

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(_options);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => _network.state_dict();

    /// <summary>The network's input for a batch of images, so that tests can compare it with recorded values.</summary>
    internal torch.Tensor Preprocess(torch.Tensor images) => DinoV2Preprocessing.Apply(images, _options, _placement);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _network.Dispose();
        }
    }

    private static DinoV2Encoder Create(
        IReadOnlyDictionary<string, torch.Tensor> tensors, DinoV2Options options, string source, WeightPlacement placement)
    {
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> resampled = new(tensors, StringComparer.Ordinal);
        DinoV2Options shape = options;
        if (tensors.TryGetValue("pos_embed", out torch.Tensor? stored)
            && PositionEmbedding.TrySide(stored.shape) == options.ImageSize / options.PatchSize)
        {
            shape = options with { ImageSize = DinoV2Preprocessing.Patches * options.PatchSize };
            resampled["pos_embed"] = PositionEmbedding.ToSquare(stored, DinoV2Preprocessing.Patches);
        }

        Dictionary<string, torch.Tensor> fitting = placement.Fit(resampled);
        using (DinoVisionTransformer shapes = new(shape, placement with { Device = torch.META }))
        {
            // Loading into the meta device finds mismatches before the real network is allocated.
            StateDict.Load(shapes, fitting, source);
        }

        DinoVisionTransformer network = new(shape, placement);
        StateDict.Load(network, fitting, source);
        return new DinoV2Encoder(network, shape, placement);
    }

    private (torch.Tensor Snippets, torch.Tensor? Tokens) Run(torch.Tensor images, bool withTokens)
    {
        using UseScope use = Use();
        RequireImages(images);
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        List<torch.Tensor> snippets = [], tokens = [];
        for (long start = 0; start < images.shape[0]; start += SliceSize)
        {
            using DisposeScope slice = torch.NewDisposeScope();
            DinoV2Output output = _network.Forward(Preprocess(images.narrow(0, start, Math.Min(SliceSize, images.shape[0] - start))));
            snippets.Add(torch.nn.functional.normalize(output.ClassToken.to(torch.float32), dim: 1).cpu().MoveToOuterDisposeScope());
            if (withTokens)
            {
                tokens.Add(output.PatchTokens.to(torch.float32).cpu().MoveToOuterDisposeScope());
            }
        }

        torch.Tensor all = torch.cat(snippets, 0).MoveToOuterDisposeScope();
        return (all, withTokens ? torch.cat(tokens, 0).MoveToOuterDisposeScope() : null);
    }

    private void RequireImages(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dtype != torch.ScalarType.Byte || images.shape is not [>= 1, 3, >= 1 and long height, >= 1 and long width])
        {
            throw new ArgumentException(
                $"Images must be uint8 [B, 3, H, W] with at least one image; got {images.dtype} [{string.Join(", ", images.shape)}].",
                nameof(images));
        }

        (long rows, long columns) = DinoV2Preprocessing.Grid(height, width, _options);
        if (rows * columns > MaximumTokens)
        {
            throw new ArgumentException(
                $"An image of {width} x {height} pixels would have {rows * columns:N0} tokens; "
                + $"at most {MaximumTokens:N0} can be encoded. Scale or crop it first.",
                nameof(images));
        }
    }
}

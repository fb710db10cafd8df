using GMem.FileFormats;
using GMem.Images;
using GMem.Parts;

namespace GMem.Encoders;

/// <summary>
/// An encoder that needs no download. A snippet holds the image's coordinates along the principal components of the training
/// images' pixels, scaled to unit length.
/// </summary>
/// <remarks>
/// Images are first averaged down to at most <see cref="DefaultMaxSide"/> pixels a side (configurable up to <see cref="LargestSide"/>) and
/// the mean of the training images is subtracted. Components are not whitened. The sign of each component is chosen so that its entry of
/// largest magnitude is positive. Projection and length are computed in float64, a fixed number of rows at a time, so an image's snippet
/// does not depend on the batch it is encoded in. An image that equals the mean has no direction. Its snippet is
/// <c>(1, ..., 1) / sqrt(m)</c> rather than zero, because the zero snippet is the null condition of guidance. Thread-safe.
/// </remarks>
internal sealed class PcaEncoder : SnippetEncoder
{
    /// <summary>Default length of a snippet.</summary>
    public const int DefaultDimension = 128;

    /// <summary>
    /// Default side, in pixels, that larger images are averaged down to. On CIFAR-10, the cosine similarities between snippets of 128
    /// entries differ from those at a side of 32 by 0.01 (root mean square; their spread is 0.31), and the fit takes a fiftieth of the
    /// time.
    /// </summary>
    public const int DefaultMaxSide = 16;

    /// <summary>The largest supported side, in pixels; its covariance matrix is 3072 x 3072.</summary>
    public const int LargestSide = 32;

    /// <summary>Rows projected at once; fixed because a matrix product with another number of rows may round differently.</summary>
    private const int ProjectedRows = 64;

    /// <summary>An image closer to the mean than this, relative to the spread of the training images, differs only by rounding.</summary>
    private const double SmallestRelativeLength = 1e-6;

    internal static readonly PartKind SavedKind = new("pca");

    private readonly Configuration _configuration;
    private readonly torch.Tensor _mean;
    private readonly torch.Tensor _components;
    private readonly torch.Tensor _projection64;

    /// <summary>Takes ownership of both tensors: float64 <c>[3 * side * side]</c> and float32 <c>[m, 3 * side * side]</c>.</summary>
    private PcaEncoder(Configuration configuration, torch.Tensor mean, torch.Tensor components)
    {
        _configuration = configuration;
        _mean = mean.DetachFromDisposeScope();
        _components = components.DetachFromDisposeScope();
        Dimension = (int)components.shape[0];
        using torch.Tensor transposed = _components.t();
        _projection64 = transposed.to(torch.float64).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override PartKind Kind => SavedKind;

    /// <inheritdoc/>
    public override bool IsThreadSafe => true;

    /// <inheritdoc/>
    public override int Dimension { get; }

    /// <summary>The requested length; <see cref="Dimension"/> is smaller if the training images vary in fewer directions.</summary>
    public int RequestedDimension => _configuration.RequestedDimension;

    /// <summary>Side in pixels that images are averaged down to.</summary>
    public int Side => _configuration.Side;

    /// <summary>Fraction of the training images' variance explained by the components, from 0 to 1.</summary>
    public double CapturedVariance => _configuration.CapturedVariance;

    /// <summary>Fits the principal components of images.</summary>
    /// <param name="images">uint8 <c>[N, 3, H, W]</c>, RGB; at least two must differ.</param>
    /// <param name="dimension">Length m of a snippet, at least 1. If the images vary in fewer directions, for instance because there are
    /// fewer images, the length is reduced to that number; see <see cref="Dimension"/>. Default 128.</param>
    /// <param name="maxSide">The side, in pixels, that larger images are averaged down to: 1 to <see cref="LargestSide"/>. Default
    /// 16.</param>
    /// <returns>The encoder; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The dimension is below 1, or the side is out of range.</exception>
    /// <exception cref="ArgumentException">The images have the wrong type or shape, or are all identical.</exception>
    public static PcaEncoder Fit(torch.Tensor images, int dimension = DefaultDimension, int maxSide = DefaultMaxSide)
    {
        GMemRuntime.EnsureLoaded();
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxSide, LargestSide);
        ImageTensors.CheckBatch(images, nameof(images), ImageShape.Rgb);
        return Fit(new TensorRows(images), dimension, maxSide);
    }

    /// <summary>Fits the principal components of images that need not be in memory.</summary>
    /// <param name="images">Rows uint8 <c>[3, H, W]</c>.</param>
    /// <param name="dimension">Length of a snippet.</param>
    /// <param name="maxSide">The side that larger images are averaged down to.</param>
    internal static PcaEncoder Fit(RowSource images, int dimension, int maxSide)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int side = (int)Math.Min(maxSide, Math.Min(images.RowShape[1], images.RowShape[2]));
        PrincipalComponents found = PrincipalComponents.Find(images, side, dimension);
        Configuration configuration = new()
        {
            RequestedDimension = dimension,
            Side = side,
            CapturedVariance = found.CapturedVariance,
            SmallestLength = SmallestRelativeLength * Math.Sqrt(found.TotalVariance),
        };
        return new PcaEncoder(configuration, found.Mean, found.Components.to(torch.float32));
    }

    /// <inheritdoc/>
    /// <remarks>Images may differ in size from those the encoder was fitted to; both sides must be at least <see cref="Side"/>.</remarks>
    /// <exception cref="ArgumentException">The images have the wrong type or shape, or are too small.</exception>
    public override torch.Tensor Encode(torch.Tensor images)
    {
        using UseScope use = Use();
        ImageTensors.CheckBatch(images, nameof(images), ImageShape.Rgb);
        using DisposeScope scope = torch.NewDisposeScope();
        long count = images.shape[0];
        torch.Tensor snippets = torch.empty(count, Dimension, dtype: torch.float32, device: torch.CPU);
        for (long start = 0; start < count; start += ProjectedRows)
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            long rows = Math.Min(ProjectedRows, count - start);
            torch.Tensor padded = torch.zeros(ProjectedRows, _mean.shape[0], dtype: torch.float64, device: torch.CPU);
            torch.Tensor centred = padded.narrow(0, 0, rows);
            centred.copy_(PixelFeatures.Of(images.narrow(0, start, rows), Side)).sub_(_mean);
            torch.Tensor projected = padded.mm(_projection64);
            torch.Tensor length = projected.norm(1, keepdim: true);
            torch.Tensor even = projected.Filled(1.0 / Math.Sqrt(Dimension));
            torch.Tensor unit = torch.where(length.IsAbove(_configuration.SmallestLength), projected / length, even);
            snippets.narrow(0, start, rows).copy_(unit.narrow(0, 0, rows));
        }

        return snippets.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override PartConfiguration SaveConfiguration() => PartConfiguration.From(_configuration);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        new Dictionary<string, torch.Tensor> { ["mean"] = _mean, ["components"] = _components };

    /// <summary>Loads what <see cref="SaveConfiguration"/> and <see cref="SaveTensors"/> returned.</summary>
    internal static PcaEncoder Load(SavedPart saved)
    {
        Configuration configuration = saved.Configuration.Read<Configuration>();
        if (configuration is not { Side: >= 1 and <= LargestSide, RequestedDimension: >= 1, SmallestLength: >= 0 })
        {
            throw new InvalidDataException($"A setting is out of range: {saved.Configuration}");
        }

        TensorShape mean = saved.ShapeOf("mean"), components = saved.ShapeOf("components");
        long features = PixelFeatures.Count(configuration.Side);
        if (!mean.Sizes.SequenceEqual([features])
            || components.Sizes is not [>= 1 and long dimension, long width] || width != features || dimension > features)
        {
            throw new InvalidDataException(
                $"The PCA encoder's tensors are mean {mean} and components {components}; "
                + $"for images of {configuration.Side} x {configuration.Side} they must be [{features}] and [m, {features}].");
        }

        return new PcaEncoder(
            configuration, saved.FiniteTensor("mean", torch.float64).clone(), saved.FiniteTensor("components", torch.float32).clone());
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _mean.Dispose();
        _components.Dispose();
        _projection64.Dispose();
    }

    private sealed class Configuration
    {
        public required int RequestedDimension { get; init; }

        public required int Side { get; init; }

        public double CapturedVariance { get; init; }

        public required double SmallestLength { get; init; }
    }
}

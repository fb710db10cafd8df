using GMem.Images;
using static TorchSharp.torch.nn.functional;

namespace GMem.Evaluation;

/// <summary>
/// The default features, which need no download: responses of fixed random filters in three scales and two layers, normalised, rectified
/// and averaged over regions of the image. Their distances order images of one data set; they are not the FID and not comparable with
/// published figures.
/// </summary>
/// <remarks>
/// Random filters are good image features (Saxe et al., 2011) when patches are whitened, responses are split by sign and thresholded
/// (Coates, Lee and Ng, 2011) and each place is normalised over its filters (Jarrett et al., 2009). 384 features: 16 filters of 5 x 5
/// pixels in each scale, of either sign, mean over each quarter of the image (edges, colours, textures, and where they are). 128: 64
/// filters of 3 x 3 upon the responses of the two finer scales, modulus, mean (arrangements of edges). Nothing is fitted to any image, so
/// these are not the features of a PCA encoder or any other that snippets are made of. Computed in float32: other processors agree to about
/// 1e-5.
/// </remarks>
public sealed class RandomConvolutionFeatures : FeatureExtractor
{
    /// <summary>Side to which images are brought where nothing else is said.</summary>
    public const int DefaultResolution = 32;

    private const int Scales = 3;
    private const int FirstFilters = 16;
    private const int FirstSide = 5;
    private const int SecondFilters = 64;
    private const int SecondSide = 3;
    private const int Signs = 2;
    private const int QuarterSide = 2;
    private const int Quarters = QuarterSide * QuarterSide;

    /// <summary>Correlation of neighbouring pixels in the finest scale; its square and so on in the coarser ones.</summary>
    private const double PixelCorrelation = 0.95;

    /// <summary>Normalised responses below this count as none, so that an image is told by the few filters that fit it well.</summary>
    private const float Threshold = 1f;

    /// <summary>Brings the sparse responses of the first layer to the spread of the second's on photographs.</summary>
    private const float FirstScale = 2f;

    /// <summary>Mean squares below these, of flat regions, are not raised to the others' level.</summary>
    private const float FirstFloor = 0.1f;
    private const float SecondFloor = 0.01f;

    private readonly int _resolution;
    private readonly torch.Device _device;
    private readonly torch.Tensor[] _first;
    private readonly torch.Tensor[] _second;

    /// <summary>Makes the filters.</summary>
    /// <param name="resolution">
    /// Side in pixels to which images are brought, a multiple of 8, at least 32: by averaging areas if larger, bilinear if smaller. Default
    /// 32.
    /// </param>
    /// <param name="device">Where it computes; null: the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The resolution is not such a number.</exception>
    public RandomConvolutionFeatures(int resolution = DefaultResolution, torch.Device? device = null)
    {
        if (resolution < DefaultResolution || resolution % 8 != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(resolution), resolution, "The resolution must be a multiple of 8 and at least 32.");
        }

        GMemRuntime.EnsureLoaded();
        _resolution = resolution;
        _device = device ?? torch.CPU;
        using DisposeScope scope = torch.NewDisposeScope();
        _first = [.. Enumerable.Range(0, Scales).Select(s => Keep(
            RandomFilters.Whitened(FirstFilters, FirstSide, Math.Pow(PixelCorrelation, 1 << s), s)))];
        int length = Signs * FirstFilters * SecondSide * SecondSide;
        _second = [.. Enumerable.Range(0, Scales - 1).Select(s => Keep(
            RandomFilters.Orthonormal(SecondFilters, length, Scales + s, balanced: true)
                .reshape(SecondFilters, Signs * FirstFilters, SecondSide, SecondSide)))];
    }

    /// <summary>Says that this is not the FID, and the resolution.</summary>
    public override string Name => $"random convolutions at {_resolution} x {_resolution} (not FID)";

    /// <summary>512.</summary>
    public override int Dimension => (Scales * Signs * FirstFilters * Quarters) + ((Scales - 1) * SecondFilters);

    /// <inheritdoc/>
    public override torch.Tensor Extract(torch.Tensor images)
    {
        ImageTensors.CheckBatch(images, nameof(images));
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = Resize(images.to(_device).to(torch.float32).TimesInPlace(1 / 63.75).PlusInPlace(-2));
        List<torch.Tensor> parts = [];
        for (int s = 0; s < Scales; s++)
        {
            torch.Tensor edges = SplitSigns(Normalise(conv2d(x, _first[s]), FirstFloor));
            parts.Add(adaptive_avg_pool2d(edges, [QuarterSide, QuarterSide]).flatten(1).TimesInPlace(FirstScale));
            if (s < Scales - 1)
            {
                torch.Tensor arrangements = Normalise(conv2d(avg_pool2d(edges, 2), _second[s]), SecondFloor);
                parts.Add(arrangements.abs_().mean([2, 3]));
                x = avg_pool2d(x, 2);
            }
        }

        return torch.cat(parts, 1).cpu().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (torch.Tensor tensor in (IEnumerable<torch.Tensor>)[.. _first, .. _second])
            {
                tensor.Dispose();
            }
        }
    }

    private torch.Tensor Keep(torch.Tensor filters) => filters.to(torch.float32).to(_device).contiguous().DetachFromDisposeScope();

    private torch.Tensor Resize(torch.Tensor x)
    {
        (long height, long width) = (x.shape[2], x.shape[3]);
        if (height == _resolution && width == _resolution)
        {
            return x;
        }

        return height >= _resolution && width >= _resolution
            ? adaptive_avg_pool2d(x, [_resolution, _resolution])
            : interpolate(x, [_resolution, _resolution], mode: torch.InterpolationMode.Bilinear, align_corners: false);
    }

    /// <summary>Divides each place by the root of the mean square of its filters.</summary>
    private static torch.Tensor Normalise(torch.Tensor x, float floor) =>
        x.div_(x.Squared().mean([1], keepdim: true).PlusInPlace(floor).sqrt_());

    /// <summary>Positive and negative parts beyond the threshold, as channels of their own.</summary>
    private static torch.Tensor SplitSigns(torch.Tensor x)
    {
        torch.Tensor negative = x.neg().PlusInPlace(-Threshold).relu_();
        return torch.cat([x.PlusInPlace(-Threshold).relu_(), negative], 1);
    }
}

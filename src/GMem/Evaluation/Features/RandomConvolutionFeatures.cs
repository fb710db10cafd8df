using GMem.Images;
using static TorchSharp.torch.nn.functional;

namespace GMem.Evaluation;

/// <summary>
/// The default features, which need no download: responses of fixed random filters at three scales and in two layers, normalised,
/// rectified and averaged over regions of the image. Their distances can rank sets of images from one data set; they are not the FID and
/// cannot be compared with published scores.
/// </summary>
/// <remarks>
/// Random filters make good image features (Saxe et al., 2011) when patches are whitened, responses are split by sign and thresholded
/// (Coates, Lee and Ng, 2011) and each position is normalised over its filters (Jarrett et al., 2009). The first 384 features capture
/// edges, colours, textures and where they are: 16 filters of 5 x 5 pixels at each scale, split by sign, averaged over each quarter of the
/// image. The other 128 capture arrangements of edges: 64 filters of 3 x 3 applied to the responses at the two finer scales, absolute
/// values, averaged. Nothing is fitted to any image, so these features are independent of those that snippets are made from. Computed in
/// float32; results on different processors agree to about 1e-5.
/// </remarks>
public sealed class RandomConvolutionFeatures : FeatureExtractor
{
    /// <summary>Default side in pixels that images are resized to.</summary>
    public const int DefaultResolution = 32;

    private const int Scales = 3;
    private const int FirstFilters = 16;
    private const int FirstSide = 5;
    private const int SecondFilters = 64;
    private const int SecondSide = 3;
    private const int Signs = 2;
    private const int QuarterSide = 2;
    private const int Quarters = QuarterSide * QuarterSide;

    /// <summary>Correlation of neighbouring pixels at the finest scale; coarser scales use powers of it.</summary>
    private const double PixelCorrelation = 0.95;

    /// <summary>Normalised responses below this are set to 0, so that the few filters that match an image well describe it.</summary>
    private const float Threshold = 1f;

    /// <summary>Scales the sparse first-layer responses to the spread of the second layer's on photographs.</summary>
    private const float FirstScale = 2f;

    /// <summary>Floors that keep normalisation from amplifying flat regions, whose mean square is below them, to the level of the
    /// rest.</summary>
    private const float FirstFloor = 0.1f;
    private const float SecondFloor = 0.01f;

    private readonly int _resolution;
    private readonly torch.Device _device;
    private readonly torch.Tensor[] _first;
    private readonly torch.Tensor[] _second;

    /// <summary>Creates the filters.</summary>
    /// <param name="resolution">
    /// Side in pixels that images are resized to, a multiple of 8, at least 32. Larger images are resized by area averaging, smaller ones
    /// bilinearly. Default 32.
    /// </param>
    /// <param name="device">Device to compute on; null for the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The resolution is below 32 or not a multiple of 8.</exception>
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

    /// <summary>States the resolution and that these are not the features of the FID.</summary>
    public override string Name => $"random convolutions at {_resolution} x {_resolution} (not FID)";

    /// <summary>512.</summary>
    public override int Dimension => (Scales * Signs * FirstFilters * Quarters) + ((Scales - 1) * SecondFilters);

    /// <inheritdoc/>
    public override torch.Tensor Extract(torch.Tensor images)
    {
        using UseScope use = Use();
        ImageTensors.CheckBatch(images, nameof(images), ImageShape.Rgb);
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

    /// <summary>Divides each position by the root mean square of its filter responses.</summary>
    private static torch.Tensor Normalise(torch.Tensor x, float floor) =>
        x.div_(x.Squared().mean([1], keepdim: true).PlusInPlace(floor).sqrt_());

    /// <summary>Positive and negative parts beyond the threshold, as separate channels.</summary>
    private static torch.Tensor SplitSigns(torch.Tensor x)
    {
        torch.Tensor negative = x.neg().PlusInPlace(-Threshold).relu_();
        return torch.cat([x.PlusInPlace(-Threshold).relu_(), negative], 1);
    }
}

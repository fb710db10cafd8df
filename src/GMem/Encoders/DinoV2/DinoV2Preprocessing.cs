using GMem.FileFormats;

namespace GMem.Encoders.DinoV2;

/// <summary>Prepares images for the network as GMem does: ImageNet normalisation, then a bicubic resize without antialiasing.</summary>
internal static class DinoV2Preprocessing
{
    /// <summary>Number of patches along a side that is shorter than twice <see cref="SourceSide"/>.</summary>
    public const int Patches = 16;

    /// <summary>Number of image pixels along a side that <see cref="Patches"/> patches represent.</summary>
    private const int SourceSide = 256;

    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];

    /// <summary>Number of rows and columns of patches.</summary>
    /// <remarks>
    /// A side has 16 * floor(side / 256) patches, but at least 16 (in the public code a smaller image would get 0). When images are
    /// squeezed to a square, both sides follow from the width. Otherwise the shorter side follows this rule, and the longer side gets a
    /// proportional number of patches, rounded.
    /// </remarks>
    public static (long Rows, long Columns) Grid(long height, long width, DinoV2Options options)
    {
        long shorter = options.SqueezeToSquare ? width : Math.Min(height, width);
        long patches = Patches * Math.Max(1, shorter / SourceSide);
        long Along(long side) =>
            options.SqueezeToSquare ? patches : (long)Math.Round(patches * (double)side / shorter, MidpointRounding.AwayFromZero);
        return (Along(height), Along(width));
    }

    /// <summary>uint8 <c>[B, 3, H, W]</c> to the network's input.</summary>
    public static torch.Tensor Apply(torch.Tensor images, DinoV2Options options, WeightPlacement placement)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // Normalisation comes before resizing, and overshoots are not clamped. The conversion to a 16-bit type comes last because such
        // types are too coarse for this arithmetic.
        (torch.Device device, torch.ScalarType precise) = (placement.Device, placement.PreciseType);
        torch.Tensor mean = torch.tensor(Mean).to(precise, device).reshape(1, 3, 1, 1);
        torch.Tensor deviation = torch.tensor(Deviation).to(precise, device).reshape(1, 3, 1, 1);
        torch.Tensor normalised = images.to(device).to(precise).DividedByInPlace(255).sub_(mean).div_(deviation);
        (long rows, long columns) = Grid(images.shape[2], images.shape[3], options);
        return BicubicResize.Apply(normalised, rows * options.PatchSize, columns * options.PatchSize).to(placement.DataType)
            .MoveToOuterDisposeScope();
    }
}

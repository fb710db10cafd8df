using GMem.FileFormats;

namespace GMem.Encoders.DinoV2;

/// <summary>Image to network input as GMem prepares it: ImageNet normalisation, then a bicubic resize without antialiasing.</summary>
internal static class DinoV2Preprocessing
{
    /// <summary>Patches along the side of an image which is shorter than twice <see cref="SourceSide"/>.</summary>
    public const int Patches = 16;

    /// <summary>Pixels of the image which one such grid of patches stands for.</summary>
    private const int SourceSide = 256;

    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];

    /// <summary>Rows and columns of patches.</summary>
    /// <remarks>
    /// Patches along a side: 16 * floor(side / 256), at least 16 (the public code makes 0 of a smaller image). A square takes its width
    /// for the side;
    /// otherwise the shorter side counts, and the longer one gets as many patches as its length asks for, rounded.
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
        // Normalised before it is resized, and not clamped after: overshoots stay. 16-bit types come last, as their grid is coarser than a
        // pixel value.
        (torch.Device device, torch.ScalarType precise) = (placement.Device, placement.PreciseType);
        torch.Tensor mean = torch.tensor(Mean).to(precise, device).reshape(1, 3, 1, 1);
        torch.Tensor deviation = torch.tensor(Deviation).to(precise, device).reshape(1, 3, 1, 1);
        torch.Tensor normalised = images.to(device).to(precise).DividedByInPlace(255).sub_(mean).div_(deviation);
        (long rows, long columns) = Grid(images.shape[2], images.shape[3], options);
        return BicubicResize.Apply(normalised, rows * options.PatchSize, columns * options.PatchSize).to(placement.DataType)
            .MoveToOuterDisposeScope();
    }
}

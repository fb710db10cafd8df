using static TorchSharp.torch.nn.functional;

namespace GMem.Images;

/// <summary>
/// What augmentation does to a picture, as <see cref="ParameterCount"/> numbers, all of them 0 for nothing. The picture is mirrored,
/// stretched, scaled, turned and shifted, in this order and about its middle, and then its saturation, contrast and brightness change.
/// </summary>
internal static class PictureTransform
{
    /// <summary>1 where it is mirrored left-right.</summary>
    public const int HorizontalFlip = 0;

    /// <summary>1 where it is mirrored top to bottom.</summary>
    public const int VerticalFlip = 1;

    /// <summary>Shift to the right in shares of the width, and in the next number downwards in shares of the height.</summary>
    public const int Translation = 2;

    /// <summary>Binary logarithm of the scale.</summary>
    public const int Scaling = 4;

    /// <summary>Cosine less 1 of the angle, clockwise, and in the next number its sine.</summary>
    public const int Rotation = 5;

    /// <summary>Binary logarithm of the factor by which width grows against height; the area stays.</summary>
    public const int Stretching = 7;

    /// <summary>What is added to colours, in shares of half their range.</summary>
    public const int Brightness = 8;

    /// <summary>Binary logarithm of the factor on the distance from the middle of the range.</summary>
    public const int Contrast = 9;

    /// <summary>Binary logarithm of the factor on the distance from grey.</summary>
    public const int Saturation = 10;

    public const int ParameterCount = 11;

    private const double Middle = 127.5;

    /// <summary>ITU-R BT.601: how bright red, green and blue are.</summary>
    private static readonly float[] Luma = [0.299f, 0.587f, 0.114f];

    /// <summary>Transforms pictures, each by its own numbers; those whose numbers are all 0 stay as they are, bit for bit.</summary>
    /// <param name="pictures">uint8 <c>[B, C, H, W]</c> on the CPU.</param>
    /// <param name="parameters">float32 <c>[B, ParameterCount]</c> on the CPU.</param>
    /// <returns>New pictures of the same type and shape.</returns>
    public static torch.Tensor Apply(torch.Tensor pictures, torch.Tensor parameters)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] numbers = [.. parameters.data<float>()];
        float[][] rows = [.. numbers.Chunk(ParameterCount)];
        long[] changed = [.. Enumerable.Range(0, rows.Length).Where(i => rows[i].Any(x => x != 0)).Select(i => (long)i)];
        torch.Tensor result = pictures.clone();
        if (changed.Length > 0)
        {
            torch.Tensor indices = torch.tensor(changed);
            float[][] some = [.. changed.Select(i => rows[i])];
            torch.Tensor moved = Recolour(Move(pictures.index_select(0, indices).to(torch.float32), some), some);
            _ = result.index_copy_(0, indices, moved.round_().ClampInPlace(0, 255).to(torch.uint8));
        }

        return result.MoveToOuterDisposeScope();
    }

    private static torch.Tensor Move(torch.Tensor pictures, float[][] rows)
    {
        (double height, double width) = (pictures.shape[2], pictures.shape[3]);
        float[] maps = [.. rows.SelectMany(row => Map(row, height, width))];
        torch.Tensor grid = affine_grid(torch.tensor(maps, [rows.Length, 2, 3]), pictures.shape, align_corners: false);
        return grid_sample(pictures, grid, torch.GridSampleMode.Bilinear, torch.GridSamplePaddingMode.Reflection, align_corners: false);
    }

    /// <summary>
    /// From a point of the result to where it was in the picture, <c>[2, 3]</c>, in coordinates that are -1 and 1 at the edges.
    /// </summary>
    private static float[] Map(float[] p, double height, double width)
    {
        double scale = Math.Pow(2, p[Scaling]), stretch = Math.Pow(2, p[Stretching] / 2);
        double x = (1 - (2 * p[HorizontalFlip])) / (scale * stretch), y = (1 - (2 * p[VerticalFlip])) * stretch / scale;
        (double cos, double sin) = (1 + (double)p[Rotation], p[Rotation + 1]);
        double aspect = height / width;
        double[] linear = [x * cos, x * sin * aspect, -y * sin / aspect, y * cos];
        (double right, double down) = (2 * p[Translation], 2 * p[Translation + 1]);
        return
        [
            (float)linear[0], (float)linear[1], (float)-((linear[0] * right) + (linear[1] * down)),
            (float)linear[2], (float)linear[3], (float)-((linear[2] * right) + (linear[3] * down)),
        ];
    }

    private static torch.Tensor Recolour(torch.Tensor pictures, float[][] rows)
    {
        int colours = pictures.shape[1] == ImageShape.Grey ? 1 : ImageShape.Rgb;
        if (rows.All(r => r[Brightness] == 0 && r[Contrast] == 0 && r[Saturation] == 0))
        {
            return pictures;
        }

        torch.Tensor Each(Func<float[], double> number) =>
            torch.tensor([.. rows.Select(r => (float)number(r))]).view(-1, 1, 1, 1);
        torch.Tensor own = pictures.narrow(1, 0, colours);
        torch.Tensor colour = own;
        if (colours == ImageShape.Rgb)
        {
            torch.Tensor grey = colour.mul(torch.tensor(Luma).view(1, -1, 1, 1)).sum([1], keepdim: true);
            colour = grey.PlusProduct(colour.sub(grey), Each(r => Math.Pow(2, r[Saturation])));
        }

        colour = Each(r => Middle * (1 + r[Brightness])).PlusProduct(colour.Plus(-Middle), Each(r => Math.Pow(2, r[Contrast])));

        // Pictures that keep their colours keep them exactly.
        torch.Tensor recoloured = Each(r => r[Brightness] == 0 && r[Contrast] == 0 && r[Saturation] == 0 ? 0 : 1).to(torch.@bool);
        _ = own.copy_(torch.where(recoloured, colour, own));
        return pictures;
    }
}

namespace GMem.Images;

/// <summary>
/// The square in the middle of an image, as the published image models prepare their data, byte for byte what the Pillow
/// code gives. Only the pixels of the square are computed, so an image may be as long and thin as it likes.
/// </summary>
public static class CenterCrop
{
    /// <summary>
    /// The crop of ADM (guided diffusion), which training uses: halved with a box filter while the shorter side is at least twice the size,
    /// then scaled to it with an antialiased bicubic filter (a = -0.5), then cut. Images that are too small are enlarged.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="size">Side of the square in pixels, at least 1.</param>
    /// <returns>An image of <c>size x size</c>; the same one if it has that size already.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    public static RgbImage Apply(RgbImage image, int size)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        RgbImage halved = Halve(image, size);
        (int width, int height) = ScaledSize(halved, size);
        return width == size && height == size && halved.Width == size && halved.Height == size
            ? halved
            : PillowResize.Resize(halved, width, height, ResampleFilter.Bicubic, (width - size) / 2, (height - size) / 2, size, size);
    }

    /// <summary>
    /// The crop of torchvision's <c>Resize</c> and <c>CenterCrop</c>, which the published code uses for a user's own picture: the shorter
    /// side is scaled to <paramref name="resizeTo"/> with an antialiased bilinear filter, the longer to <c>floor(resizeTo * long /
    /// short)</c>, then the middle is cut.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="resizeTo">Length of the shorter side after scaling, at least <paramref name="cropTo"/>; published: 256.</param>
    /// <param name="cropTo">Side of the square, at least 1; published: 256.</param>
    /// <returns>An image of <c>cropTo x cropTo</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The crop is below 1 or larger than the scaled image.</exception>
    internal static RgbImage ApplyBilinear(RgbImage image, int resizeTo, int cropTo)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(cropTo, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resizeTo, cropTo);
        (int width, int height) = BilinearSize(image, resizeTo);
        int x = (int)Math.Round((width - cropTo) / 2.0, MidpointRounding.ToEven);
        int y = (int)Math.Round((height - cropTo) / 2.0, MidpointRounding.ToEven);
        return PillowResize.Resize(image, width, height, ResampleFilter.Bilinear, x, y, cropTo, cropTo);
    }

    /// <summary>Halves both sides while the shorter is at least twice the size.</summary>
    internal static RgbImage Halve(RgbImage image, int size)
    {
        while (Math.Min(image.Width, image.Height) >= 2L * size)
        {
            image = PillowResize.Resize(image, image.Width / 2, image.Height / 2, ResampleFilter.Box);
        }

        return image;
    }

    /// <summary>Both sides times size / shorter side, rounded half to even.</summary>
    internal static (int Width, int Height) ScaledSize(RgbImage image, int size)
    {
        double scale = (double)size / Math.Min(image.Width, image.Height);
        return (Checked(Math.Round(image.Width * scale, MidpointRounding.ToEven)), Checked(
            Math.Round(image.Height * scale, MidpointRounding.ToEven)));
    }

    /// <summary>The shorter side becomes the size, the longer keeps the ratio, rounded down.</summary>
    internal static (int Width, int Height) BilinearSize(RgbImage image, int size)
    {
        int shorter = Math.Min(image.Width, image.Height);
        int longer = Checked(Math.Floor((double)size * Math.Max(image.Width, image.Height) / shorter));
        return image.Width <= image.Height ? (size, longer) : (longer, size);
    }

    private static int Checked(double side) => side <= int.MaxValue
        ? (int)side
        : throw new ArgumentException(
            $"Scaled to the size asked for, the longer side would have {side:g3} pixels: the image is too long and thin.");
}

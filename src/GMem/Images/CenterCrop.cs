namespace GMem.Images;

/// <summary>
/// Crops an image to its central square as the published image models do. The result is byte for byte that of the Pillow
/// code. Only the pixels of the square are computed, so even a very long and thin image is cheap.
/// </summary>
public static class CenterCrop
{
    /// <summary>
    /// The crop of ADM (guided diffusion), which training uses. The image is halved with a box filter while its shorter side is at least
    /// twice the size, then scaled to the size with an antialiased bicubic filter (a = -0.5), then cropped. Images that are too small are
    /// enlarged.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="size">Side of the square in pixels, at least 1.</param>
    /// <returns>An image of <c>size x size</c>; the same instance if it already has that size.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    public static RgbImage Apply(RgbImage image, int size)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        return image.Width == size && image.Height == size ? image : Square(new PixelView(image), size);
    }

    /// <summary>The largest square in the middle of an image, its pixels as they are.</summary>
    /// <param name="image">The image.</param>
    /// <returns>The square, its side that of the shorter side; the same instance if the image is square.</returns>
    public static RgbImage Square(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        int side = Math.Min(image.Width, image.Height), left = (image.Width - side) / 2, top = (image.Height - side) / 2;
        if (image.Width == image.Height)
        {
            return image;
        }

        byte[] pixels = new byte[side * side * RgbImage.Channels];
        for (int y = 0; y < side; y++)
        {
            image.Pixels.AsSpan((((top + y) * image.Width) + left) * RgbImage.Channels, side * RgbImage.Channels)
                .CopyTo(pixels.AsSpan(y * side * RgbImage.Channels));
        }

        return new RgbImage(side, side, pixels);
    }

    /// <summary><see cref="Apply"/> of pixels wherever they lie; the result is a copy.</summary>
    internal static RgbImage Square(PixelView pixels, int size)
    {
        RgbImage? halved = Halve(pixels, size);
        pixels = halved is null ? pixels : new PixelView(halved);
        (int width, int height) = ScaledSize(pixels.Width, pixels.Height, size);
        return halved is not null && halved.Width == size && halved.Height == size
            ? halved
            : PillowResize.Resize(pixels, width, height, ResampleFilter.Bicubic, (width - size) / 2, (height - size) / 2, size, size);
    }

    /// <summary>
    /// The crop of torchvision's <c>Resize</c> and <c>CenterCrop</c>, which the published code uses for a user's own image. With an
    /// antialiased bilinear filter, the shorter side is scaled to <paramref name="resizeTo"/> and the longer side to
    /// <c>floor(resizeTo * long / short)</c>; then the image is cropped to its centre.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="resizeTo">Length of the shorter side after scaling, at least <paramref name="cropTo"/>; 256 in the published
    /// code.</param>
    /// <param name="cropTo">Side of the square, at least 1; 256 in the published code.</param>
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
        return PillowResize.Resize(new PixelView(image), width, height, ResampleFilter.Bilinear, x, y, cropTo, cropTo);
    }

    /// <summary>Halves both sides while the shorter one is at least twice the size; null where it is not even once.</summary>
    internal static RgbImage? Halve(PixelView pixels, int size)
    {
        RgbImage? halved = null;
        while (Math.Min(pixels.Width, pixels.Height) >= 2L * size)
        {
            halved = PillowResize.Resize(pixels, pixels.Width / 2, pixels.Height / 2, ResampleFilter.Box);
            pixels = new PixelView(halved);
        }

        return halved;
    }

    /// <summary>Both sides multiplied by size / shorter side, rounded half to even.</summary>
    internal static (int Width, int Height) ScaledSize(int width, int height, int size)
    {
        double scale = (double)size / Math.Min(width, height);
        return (
            Checked(Math.Round(width * scale, MidpointRounding.ToEven)), Checked(Math.Round(height * scale, MidpointRounding.ToEven)));
    }

    /// <summary>The shorter side becomes the size; the longer one keeps the aspect ratio, rounded down.</summary>
    internal static (int Width, int Height) BilinearSize(RgbImage image, int size)
    {
        int shorter = Math.Min(image.Width, image.Height);
        int longer = Checked(Math.Floor((double)size * Math.Max(image.Width, image.Height) / shorter));
        return image.Width <= image.Height ? (size, longer) : (longer, size);
    }

    private static int Checked(double side) => side <= int.MaxValue
        ? (int)side
        : throw new ArgumentException(
            $"At the requested size the longer side would have {side:g3} pixels: the image is too long and thin.");
}

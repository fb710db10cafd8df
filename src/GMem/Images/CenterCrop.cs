namespace GMem.Images;

/// <summary>
/// Brings an image to the shape of a model's, by default by a crop to its middle as the published image models do; of a square the result
/// is byte for byte that of the Pillow code. Only the pixels that are kept are computed, so even a very long and thin image is cheap.
/// </summary>
public static class CenterCrop
{
    /// <summary>
    /// The crop of ADM (guided diffusion), which training uses, for any aspect ratio. The image is halved with a box filter while both
    /// sides are at least twice those wanted, then scaled with an antialiased bicubic filter (a = -0.5) until it just covers the shape,
    /// then cropped. Images that are too small are enlarged. With <see cref="ImageFit.Pad"/> the image is scaled until it just lies within
    /// the shape, and padded.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="shape">The shape wanted; a number is the side of a square in RGB.</param>
    /// <returns>
    /// An image of that shape, its channels converted first (<see cref="RgbImage.ToChannels"/>); the same instance if it has the shape.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1, or there are no such channels.</exception>
    public static RgbImage Apply(RgbImage image, ImageShape shape)
    {
        ArgumentNullException.ThrowIfNull(image);
        shape.Validate();
        RgbImage converted = image.ToChannels(shape.Channels);
        return image.Width == shape.Width && image.Height == shape.Height ? converted : Scaled(new PixelView(converted), shape);
    }

    /// <summary>
    /// The largest part in the middle of an image with a shape's aspect ratio (to within a pixel), its pixels and channels as they are.
    /// With <see cref="ImageFit.Pad"/>, the smallest image of that aspect ratio with all of it in its middle.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="shape">The shape whose aspect ratio is meant; a number is a square.</param>
    /// <returns>The part; the same instance if the image has the aspect ratio.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1.</exception>
    public static RgbImage Part(RgbImage image, ImageShape shape)
    {
        ArgumentNullException.ThrowIfNull(image);
        shape.Validate();
        bool isPadded = shape.Fit == ImageFit.Pad;
        bool isTooWide = (long)image.Width * shape.Height > (long)image.Height * shape.Width;
        return isTooWide == isPadded
            ? Around(image, image.Width, Other(image.Width, shape.Height, shape.Width))
            : Around(image, Other(image.Height, shape.Width, shape.Height), image.Height);

        int Other(int side, int wanted, int of) =>
            Checked(isPadded ? Math.Ceiling((double)side * wanted / of) : Math.Max(1, Math.Floor((double)side * wanted / of)));
    }

    /// <summary>
    /// The <see cref="Part"/> as an encoder is shown it that looks at pictures at their own resolution: converted to the shape's channels,
    /// and from these to RGB.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="shape">The shape of a model's images.</param>
    /// <returns>The part, in RGB.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1, or there are no such channels.</exception>
    public static RgbImage RgbPart(RgbImage image, ImageShape shape) =>
        Part(image.ToChannels(shape.Channels), shape).ToChannels(ImageShape.Rgb);

    /// <summary><see cref="Apply"/> of pixels wherever they lie; the result is a copy.</summary>
    internal static RgbImage Scaled(PixelView pixels, ImageShape shape)
    {
        RgbImage? halved = Halve(pixels, shape);
        pixels = halved is null ? pixels : new PixelView(halved);
        (int width, int height) = ScaledSize(pixels.Width, pixels.Height, shape);
        int partWidth = Math.Min(width, shape.Width), partHeight = Math.Min(height, shape.Height);
        RgbImage part = halved is not null && halved.Width == shape.Width && halved.Height == shape.Height
            ? halved
            : PillowResize.Resize(
                pixels, width, height, ResampleFilter.Bicubic, (width - partWidth) / 2, (height - partHeight) / 2, partWidth, partHeight);
        return Around(part, shape.Width, shape.Height);
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

    /// <summary>Halves both sides while the image is at least twice as large as needed; null where it is not even once.</summary>
    internal static RgbImage? Halve(PixelView pixels, ImageShape shape)
    {
        RgbImage? halved = null;
        while (IsTwice(pixels.Width, pixels.Height, shape))
        {
            halved = PillowResize.Resize(pixels, Math.Max(1, pixels.Width / 2), Math.Max(1, pixels.Height / 2), ResampleFilter.Box);
            pixels = new PixelView(halved);
        }

        return halved;
    }

    /// <summary>Both sides scaled alike until the image covers the shape, or lies within it, rounded half to even.</summary>
    internal static (int Width, int Height) ScaledSize(int width, int height, ImageShape shape)
    {
        (double across, double down) = ((double)shape.Width / width, (double)shape.Height / height);
        double scale = shape.Fit == ImageFit.Pad ? Math.Min(across, down) : Math.Max(across, down);
        return (Scaled(width), Scaled(height));

        int Scaled(int side) => Math.Max(1, Checked(Math.Round(side * scale, MidpointRounding.ToEven)));
    }

    /// <summary>The shorter side becomes the size; the longer one keeps the aspect ratio, rounded down.</summary>
    internal static (int Width, int Height) BilinearSize(RgbImage image, int size)
    {
        int shorter = Math.Min(image.Width, image.Height);
        int longer = Checked(Math.Floor((double)size * Math.Max(image.Width, image.Height) / shorter));
        return image.Width <= image.Height ? (size, longer) : (longer, size);
    }

    private static bool IsTwice(int width, int height, ImageShape shape)
    {
        (bool isWide, bool isHigh) = (width >= 2L * shape.Width, height >= 2L * shape.Height);
        return shape.Fit == ImageFit.Pad ? isWide || isHigh : isWide && isHigh;
    }

    /// <summary>The middle of an image, or the image in the middle of a background, in each direction as the size wants.</summary>
    private static RgbImage Around(RgbImage image, int width, int height)
    {
        if (image.Width == width && image.Height == height)
        {
            return image;
        }

        int stride = width * image.Channels;
        byte[] pixels = new byte[checked(height * stride)];
        Array.Fill(pixels, byte.MaxValue);
        if (image.Channels == ImageShape.Rgba)
        {
            for (int alpha = 3; alpha < pixels.Length; alpha += ImageShape.Rgba)
            {
                pixels[alpha] = 0;
            }
        }

        (int fromX, int toX, int columns) = Middle(image.Width, width);
        (int fromY, int toY, int rows) = Middle(image.Height, height);
        for (int y = 0; y < rows; y++)
        {
            image.Pixels.AsSpan((((fromY + y) * image.Width) + fromX) * image.Channels, columns * image.Channels)
                .CopyTo(pixels.AsSpan(((toY + y) * stride) + (toX * image.Channels)));
        }

        return new RgbImage(width, height, pixels, image.Channels);
    }

    private static (int From, int To, int Count) Middle(int has, int wants) =>
        (Math.Max(0, (has - wants) / 2), Math.Max(0, (wants - has) / 2), Math.Min(has, wants));

    private static int Checked(double side) => side <= int.MaxValue
        ? (int)side
        : throw new ArgumentException(
            $"At the requested size the longer side would have {side:g3} pixels: the image is too long and thin.");
}

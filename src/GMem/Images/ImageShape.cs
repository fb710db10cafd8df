namespace GMem.Images;

/// <summary>
/// The shape that all images of a model have, and how pictures of other shapes are brought to it. A number alone is the side of a square
/// in RGB, cropped.
/// </summary>
/// <param name="Height">Rows of pixels. At least 1.</param>
/// <param name="Width">Pixels in a row. At least 1.</param>
/// <param name="Channels">Bytes a pixel: <see cref="Grey"/>, <see cref="Rgb"/> or <see cref="Rgba"/>. Default <see cref="Rgb"/>.</param>
public readonly record struct ImageShape(int Height, int Width, int Channels = ImageShape.Rgb)
{
    /// <summary>One channel, grey: 0 is black and 255 white.</summary>
    public const int Grey = 1;

    /// <summary>Three channels: red, green, blue.</summary>
    public const int Rgb = 3;

    /// <summary>Four channels: red, green, blue, alpha. Colours are not multiplied by alpha, of which 255 is opaque.</summary>
    public const int Rgba = 4;

    /// <summary>How pictures of another aspect ratio are made to fit. Default <see cref="ImageFit.Crop"/>.</summary>
    public ImageFit Fit { get; init; }

    /// <summary>The RGB square of a side.</summary>
    /// <param name="size">Its side in pixels.</param>
    public static implicit operator ImageShape(int size) => FromInt32(size);

    /// <summary>The RGB square of a side.</summary>
    /// <param name="size">Its side in pixels. At least 1.</param>
    /// <returns>The shape.</returns>
    public static ImageShape FromInt32(int size) => new(size, size);

    /// <summary>Width and height, and what is not RGB.</summary>
    /// <returns>For instance <c>48 x 32 pixels, grey</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width} x {Height} pixels") + Channels switch
    {
        Rgb => "",
        Grey => ", grey",
        Rgba => ", with alpha",
        _ => string.Create(CultureInfo.InvariantCulture, $", {Channels} channels"),
    };

    internal static bool IsChannelCount(long channels) => channels is Grey or Rgb or Rgba;

    /// <exception cref="ArgumentOutOfRangeException">No image can have this shape.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Width, 1);
        RequireChannelCount(Channels, nameof(Channels));
        if (!Enum.IsDefined(Fit))
        {
            throw new ArgumentOutOfRangeException(nameof(Fit), Fit, "An image is cropped or padded.");
        }
    }

    internal static void RequireChannelCount(int channels, string parameter)
    {
        if (!IsChannelCount(channels))
        {
            throw new ArgumentOutOfRangeException(parameter, channels, "An image has 1 (grey), 3 (RGB) or 4 (RGBA) channels.");
        }
    }
}

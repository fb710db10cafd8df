namespace GMem.Images;

/// <summary>A picture in memory: 8 bits a channel, red, green, blue, row after row from the top, without padding.</summary>
public sealed class RgbImage
{
    /// <summary>Bytes a pixel.</summary>
    public const int Channels = 3;

    /// <summary>A picture over the given pixels; they are not copied.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels"><c>height * width * 3</c> bytes, R, G, B of the top left pixel first.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1.</exception>
    /// <exception cref="ArgumentException">The number of bytes does not fit the sides.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.LongLength != (long)width * height * Channels)
        {
            throw new ArgumentException(
                $"An RGB image of {width} x {height} has {(long)width * height * Channels} bytes; {pixels.LongLength} were given.",
                nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Number of rows.</summary>
    public int Height { get; }

    /// <summary>The bytes, <c>[Height, Width, 3]</c> row-major.</summary>
    public byte[] Pixels { get; }
}

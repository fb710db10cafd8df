namespace GMem.Images;

/// <summary>Combines small images into one, for viewing.</summary>
public static class ImageGrid
{
    private const byte Background = 255;

    /// <summary>Lays images out row by row and writes them as one PNG file.</summary>
    /// <param name="path">The file. Its folder must exist; an existing file is replaced.</param>
    /// <param name="images">At least one; all of the same size and channels.</param>
    /// <param name="columns">Images in a row, at least 1. Default 8.</param>
    /// <param name="scale">Factor by which images are enlarged, at least 1; every pixel becomes a square of this side. Default 2.</param>
    /// <param name="padding">White pixels around every image, at least 0. Default 2.</param>
    /// <exception cref="ArgumentException">There are no images, or they have different sizes or channels.</exception>
    public static void Save(string path, IReadOnlyList<RgbImage> images, int columns = 8, int scale = 2, int padding = 2) =>
        PngWriter.Write(path, Compose(images, columns, scale, padding));

    /// <summary>Lays a batch out row by row and writes it as one PNG file.</summary>
    /// <param name="path">The file. Its folder must exist; an existing file is replaced.</param>
    /// <param name="images">uint8 <c>[N, C, H, W]</c>, N at least 1.</param>
    /// <param name="columns">Images in a row, at least 1. Default 8.</param>
    /// <param name="scale">Factor by which images are enlarged, at least 1; every pixel becomes a square of this side. Default 2.</param>
    /// <param name="padding">White pixels around every image, at least 0. Default 2.</param>
    /// <exception cref="ArgumentException">The batch has the wrong type or shape, or is empty.</exception>
    public static void Save(string path, torch.Tensor images, int columns = 8, int scale = 2, int padding = 2) =>
        Save(path, ImageTensors.FromTensor(images), columns, scale, padding);

    /// <summary>Lays images out row by row; an incomplete last row is filled with white.</summary>
    /// <param name="images">At least one; all of the same size and channels.</param>
    /// <param name="columns">Images in a row, at least 1; with fewer images the row is shorter. Default 8.</param>
    /// <param name="scale">Factor by which images are enlarged, at least 1; every pixel becomes a square of this side. Default 2.</param>
    /// <param name="padding">White pixels around every image, at least 0. Default 2.</param>
    /// <returns>The grid.</returns>
    /// <exception cref="ArgumentException">There are no images, or they have different sizes or channels.</exception>
    public static RgbImage Compose(IReadOnlyList<RgbImage> images, int columns = 8, int scale = 2, int padding = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        CheckSizes(images);
        int across = Math.Min(columns, images.Count);
        int down = (images.Count + across - 1) / across;
        int cellWidth = checked((images[0].Width * scale) + padding);
        int cellHeight = checked((images[0].Height * scale) + padding);
        int width = checked((across * cellWidth) + padding);
        int height = checked((down * cellHeight) + padding);
        byte[] pixels = new byte[checked(width * height * images[0].Channels)];
        Array.Fill(pixels, Background);
        for (int i = 0; i < images.Count; i++)
        {
            Draw(images[i], scale, pixels, width, (i % across * cellWidth) + padding, (i / across * cellHeight) + padding);
        }

        return new RgbImage(width, height, pixels, images[0].Channels);
    }

    private static void CheckSizes(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("There are no images to lay out.", nameof(images));
        }

        for (int i = 1; i < images.Count; i++)
        {
            if (images[i].Width != images[0].Width || images[i].Height != images[0].Height)
            {
                throw new ArgumentException(
                    $"Image {i} is {images[i].Width} x {images[i].Height}, the first one {images[0].Width} x {images[0].Height}: all "
                        + "images in a grid must have the same size.", nameof(images));
            }

            if (images[i].Channels != images[0].Channels)
            {
                throw new ArgumentException(
                    $"Image {i} has {images[i].Channels} channels, the first one {images[0].Channels}: all images in a grid must have the "
                        + "same. RgbImage.ToChannels converts them.", nameof(images));
            }
        }
    }

    private static void Draw(RgbImage tile, int scale, byte[] pixels, int width, int left, int top)
    {
        for (int y = 0; y < tile.Height * scale; y++)
        {
            for (int x = 0; x < tile.Width * scale; x++)
            {
                int from = ((y / scale * tile.Width) + (x / scale)) * tile.Channels;
                int to = (((top + y) * width) + left + x) * tile.Channels;
                tile.Pixels.AsSpan(from, tile.Channels).CopyTo(pixels.AsSpan(to));
            }
        }
    }
}

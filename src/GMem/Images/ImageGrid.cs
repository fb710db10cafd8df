using TorchSharp;

namespace GMem.Images;

/// <summary>Many small images in one, for a person to look at.</summary>
public static class ImageGrid
{
    private const byte Background = 255;

    /// <summary>Lays images out row by row and writes them as one PNG file.</summary>
    /// <param name="path">The file; its folder must exist, an existing file is replaced.</param>
    /// <param name="images">uint8 <c>[N, 3, H, W]</c>, N at least 1.</param>
    /// <param name="columns">Images in a row, at least 1. Default 8.</param>
    /// <param name="scale">Every pixel becomes a square of so many, at least 1. Default 2.</param>
    /// <param name="padding">White pixels around every image, at least 0. Default 2.</param>
    /// <exception cref="ArgumentException">The images have another type or shape, or there are none.</exception>
    public static void Save(string path, torch.Tensor images, int columns = 8, int scale = 2, int padding = 2) =>
        PngWriter.Write(path, Compose(images, columns, scale, padding));

    /// <summary>Lays images out row by row; a last row that is not full ends in white.</summary>
    /// <param name="images">uint8 <c>[N, 3, H, W]</c>, N at least 1.</param>
    /// <param name="columns">Images in a row, at least 1; with fewer images the row is that much shorter. Default 8.</param>
    /// <param name="scale">Every pixel becomes a square of so many, at least 1. Default 2.</param>
    /// <param name="padding">White pixels around every image, at least 0. Default 2.</param>
    /// <returns>The grid.</returns>
    /// <exception cref="ArgumentException">The images have another type or shape, or there are none.</exception>
    public static RgbImage Compose(torch.Tensor images, int columns = 8, int scale = 2, int padding = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        IReadOnlyList<RgbImage> tiles = ImageTensors.FromTensor(images);
        if (tiles.Count == 0)
        {
            throw new ArgumentException("There are no images to lay out.", nameof(images));
        }

        int across = Math.Min(columns, tiles.Count);
        int down = (tiles.Count + across - 1) / across;
        int cellWidth = checked((tiles[0].Width * scale) + padding);
        int cellHeight = checked((tiles[0].Height * scale) + padding);
        int width = checked((across * cellWidth) + padding);
        int height = checked((down * cellHeight) + padding);
        byte[] pixels = new byte[checked(width * height * RgbImage.Channels)];
        Array.Fill(pixels, Background);
        for (int i = 0; i < tiles.Count; i++)
        {
            Draw(tiles[i], scale, pixels, width, (i % across * cellWidth) + padding, (i / across * cellHeight) + padding);
        }

        return new RgbImage(width, height, pixels);
    }

    private static void Draw(RgbImage tile, int scale, byte[] pixels, int width, int left, int top)
    {
        for (int y = 0; y < tile.Height * scale; y++)
        {
            for (int x = 0; x < tile.Width * scale; x++)
            {
                int from = ((y / scale * tile.Width) + (x / scale)) * RgbImage.Channels;
                int to = (((top + y) * width) + left + x) * RgbImage.Channels;
                tile.Pixels.AsSpan(from, RgbImage.Channels).CopyTo(pixels.AsSpan(to));
            }
        }
    }
}

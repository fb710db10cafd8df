using GMem.Images;
using GMem.MLNet;
using Microsoft.ML.Data;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.ImageSharp;

/// <summary>
/// Pictures of GMem and ML.NET as ImageSharp's images, and back. Only pixels are passed on: ImageSharp neither decodes nor encodes here.
/// </summary>
/// <remarks>
/// This package uses SixLabors.ImageSharp 2.1, the last line under the Apache License 2.0; later versions have a split licence. Do not
/// decode files from strangers with it: fixes are made for later versions first. <see cref="ImageReader"/> decodes with limits.
/// </remarks>
public static class ImageSharpExtensions
{
    /// <summary>A new image with a picture's pixels, copied; grey is repeated, and alpha laid over white.</summary>
    /// <param name="picture">The picture, for example <see cref="GeneratedImage.Image"/>.</param>
    /// <returns>The image, which belongs to the caller.</returns>
    public static Image<Rgb24> ToImageSharp(this RgbImage picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return Image.LoadPixelData<Rgb24>(picture.ToChannels(ImageShape.Rgb).Pixels, picture.Width, picture.Height);
    }

    /// <summary>A new image with the pixels of an ML.NET image, copied once; transparency is laid over white.</summary>
    /// <param name="image">The image, for example <see cref="GeneratedImageRow.GeneratedImage"/>.</param>
    /// <returns>The image, which belongs to the caller.</returns>
    public static Image<Rgb24> ToImageSharp(this MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        Image<Rgb24> copy = new(image.Width, image.Height);
        copy.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++)
            {
                image.CopyRowTo(y, System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows.GetRowSpan(y)));
            }
        });
        return copy;
    }

    /// <summary>A picture with an image's pixels, copied once.</summary>
    /// <param name="image">
    /// The image; the first frame of several. Orientation in its metadata is not applied: call ImageSharp's <c>AutoOrient</c> first.
    /// </param>
    /// <returns>The picture.</returns>
    public static RgbImage ToRgbImage(this Image<Rgb24> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(image.Width * image.Height * ImageShape.Rgb));
        image.CopyPixelDataTo(pixels);
        return new RgbImage(image.Width, image.Height, pixels);
    }
}

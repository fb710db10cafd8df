namespace GMem.Images;

/// <summary>Converts images to tensors and back. A batch is uint8 <c>[N, 3, H, W]</c>, RGB, on the CPU unless stated otherwise.</summary>
public static class ImageTensors
{
    /// <summary>Copies images into a batch.</summary>
    /// <param name="images">At least one; all of the same size.</param>
    /// <returns>uint8 <c>[N, 3, H, W]</c>.</returns>
    /// <exception cref="ArgumentException">There are no images, or one differs in size from the first.</exception>
    public static torch.Tensor ToTensor(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("There are no images to copy into a tensor.", nameof(images));
        }

        torch.Tensor batch = Allocate(images.Count, images[0].Width, images[0].Height);
        try
        {
            for (int i = 0; i < images.Count; i++)
            {
                Write(batch, i, images[i]);
            }

            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Reads files in parallel and crops each image to its central square (<see cref="CenterCrop.Apply"/>).</summary>
    /// <param name="paths">Files, which may be inside archives; at least one.</param>
    /// <param name="size">Side of the square in pixels, at least 1.</param>
    /// <param name="cancellationToken">Stops between two images.</param>
    /// <returns>uint8 <c>[N, 3, size, size]</c>, in the order of the paths.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged or not an image. If there are several, the message names the first one in the order of the paths.
    /// </exception>
    public static torch.Tensor Load(IReadOnlyList<string> paths, int size, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count, nameof(paths));
        torch.Tensor batch = Allocate(paths.Count, size, size);
        try
        {
            ParallelImages.For(
                paths.Count, i => Write(batch, i, ImageReader.ReadSquare(paths[i], size)), cancellationToken);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Copies a batch into images.</summary>
    /// <param name="batch">uint8 <c>[N, 3, H, W]</c>, on any device.</param>
    /// <returns>N images.</returns>
    /// <exception cref="ArgumentException">The batch has the wrong type or shape.</exception>
    public static IReadOnlyList<RgbImage> FromTensor(torch.Tensor batch)
    {
        CheckBatch(batch, nameof(batch));
        RgbImage[] images = new RgbImage[batch.shape[0]];
        for (int i = 0; i < images.Length; i++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor rows = batch.narrow(0, i, 1).permute(0, 2, 3, 1).cpu().contiguous();
            images[i] = new RgbImage((int)batch.shape[3], (int)batch.shape[2], rows.bytes.ToArray());
        }

        return images;
    }

    /// <summary>Mirrors images left to right.</summary>
    /// <param name="batch">Any type, <c>[N, C, H, W]</c>.</param>
    /// <returns>A new tensor of the same type and shape.</returns>
    internal static torch.Tensor FlipHorizontally(torch.Tensor batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return batch.dim() == 4
            ? batch.flip(3)
            : throw new ArgumentException($"Images are [N, C, H, W]; this has the shape {Shape(batch)}.", nameof(batch));
    }

    /// <summary>Allocates a batch for <see cref="Write"/> to fill.</summary>
    internal static torch.Tensor Allocate(long count, int width, int height)
    {
        GMemRuntime.EnsureLoaded();
        return torch.empty(count, RgbImage.Channels, height, width, dtype: torch.uint8, device: torch.CPU);
    }

    /// <summary>Copies one image into a batch. Different indices may be written concurrently.</summary>
    /// <param name="batch">uint8 <c>[N, 3, H, W]</c>, contiguous, on the CPU.</param>
    /// <param name="index">Position in the batch, from 0 to N - 1.</param>
    /// <param name="image">An image of H x W pixels.</param>
    /// <exception cref="ArgumentException">The batch has the wrong type or shape, or the image has the wrong size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside the batch.</exception>
    public static void Write(torch.Tensor batch, long index, RgbImage image)
    {
        CheckBatch(batch, nameof(batch));
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, batch.shape[0]);
        if (batch.shape[2] != image.Height || batch.shape[3] != image.Width)
        {
            throw new ArgumentException(
                $"Image {index} is {image.Width} x {image.Height}; the batch needs {batch.shape[3]} x {batch.shape[2]}.", nameof(image));
        }

        using torch.Tensor slot = batch.narrow(0, index, 1);
        Span<byte> planes = slot.bytes;
        int plane = image.Width * image.Height;
        Span<byte> red = planes[..plane];
        Span<byte> green = planes.Slice(plane, plane);
        Span<byte> blue = planes.Slice(2 * plane, plane);
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0, from = 0; i < plane; i++, from += RgbImage.Channels)
        {
            red[i] = pixels[from];
            green[i] = pixels[from + 1];
            blue[i] = pixels[from + 2];
        }
    }

    /// <summary>Throws if the batch is not uint8 <c>[N, 3, H, W]</c>.</summary>
    internal static void CheckBatch(torch.Tensor batch, string parameter)
    {
        ArgumentNullException.ThrowIfNull(batch, parameter);
        if (batch.dtype != torch.uint8 || batch.dim() != 4 || batch.shape[1] != RgbImage.Channels)
        {
            throw new ArgumentException($"Images are uint8 [N, 3, H, W]; this is {batch.dtype} {Shape(batch)}.", parameter);
        }
    }

    internal static string Shape(torch.Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}

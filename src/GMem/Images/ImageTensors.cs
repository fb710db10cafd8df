namespace GMem.Images;

/// <summary>
/// Converts images to tensors and back. A batch is uint8 <c>[N, C, H, W]</c> with C = 1 (grey), 3 (RGB) or 4 (RGBA), on the CPU unless
/// stated otherwise.
/// </summary>
public static class ImageTensors
{
    /// <summary>Copies images into a batch.</summary>
    /// <param name="images">At least one; all of the same size and channels.</param>
    /// <returns>uint8 <c>[N, C, H, W]</c>.</returns>
    /// <exception cref="ArgumentException">There are no images, or one differs in size or channels from the first.</exception>
    public static torch.Tensor ToTensor(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("There are no images to copy into a tensor.", nameof(images));
        }

        torch.Tensor batch = Allocate(images.Count, new ImageShape(images[0].Height, images[0].Width, images[0].Channels));
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

    /// <summary>Reads files in parallel and brings each image to a shape (<see cref="CenterCrop.Apply"/>).</summary>
    /// <param name="paths">Files, which may be inside archives; at least one.</param>
    /// <param name="shape">The shape; a number is the side of a square in RGB.</param>
    /// <param name="cancellationToken">Stops between two images.</param>
    /// <returns>uint8 <c>[N, C, H, W]</c>, in the order of the paths.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged or not an image. If there are several, the message names the first one in the order of the paths.
    /// </exception>
    public static torch.Tensor Load(IReadOnlyList<string> paths, ImageShape shape, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        shape.Validate();
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count, nameof(paths));
        torch.Tensor batch = Allocate(paths.Count, shape);
        try
        {
            ParallelImages.For(paths.Count, i => Write(batch, i, ImageReader.ReadFile(paths[i], shape)), cancellationToken);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Copies a batch into images.</summary>
    /// <param name="batch">uint8 <c>[N, C, H, W]</c>, on any device.</param>
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
            images[i] = new RgbImage((int)batch.shape[3], (int)batch.shape[2], rows.bytes.ToArray(), (int)batch.shape[1]);
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
    internal static torch.Tensor Allocate(long count, ImageShape shape)
    {
        GMemRuntime.EnsureLoaded();
        return torch.empty(count, shape.Channels, shape.Height, shape.Width, dtype: torch.uint8, device: torch.CPU);
    }

    /// <summary>Copies one image into a batch. Different indices may be written concurrently.</summary>
    /// <param name="batch">uint8 <c>[N, C, H, W]</c>, contiguous, on the CPU.</param>
    /// <param name="index">Position in the batch, from 0 to N - 1.</param>
    /// <param name="image">An image of H x W pixels and C channels.</param>
    /// <exception cref="ArgumentException">
    /// The batch has the wrong type or shape, or the image has the wrong size or channels.
    /// </exception>
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

        if (batch.shape[1] != image.Channels)
        {
            throw new ArgumentException(
                $"Image {index} has {image.Channels} channels; the batch needs {batch.shape[1]}. RgbImage.ToChannels converts it.",
                nameof(image));
        }

        using torch.Tensor slot = batch.narrow(0, index, 1);
        Span<byte> planes = slot.bytes;
        (int plane, int channels) = (image.Width * image.Height, image.Channels);
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int channel = 0; channel < channels; channel++)
        {
            Span<byte> values = planes.Slice(channel * plane, plane);
            for (int i = 0, from = channel; i < values.Length; i++, from += channels)
            {
                values[i] = pixels[from];
            }
        }
    }

    /// <summary>
    /// A batch as networks of RGB images are shown it: grey is repeated, and alpha is composited over white, as
    /// <see cref="RgbImage.ToChannels"/> does.
    /// </summary>
    /// <param name="batch">uint8 <c>[N, C, H, W]</c>.</param>
    /// <returns>uint8 <c>[N, 3, H, W]</c>, another handle on the batch where it is RGB; dispose it.</returns>
    internal static torch.Tensor ToRgb(torch.Tensor batch)
    {
        CheckBatch(batch, nameof(batch));
        if (batch.shape[1] == ImageShape.Rgb)
        {
            return batch.alias();
        }

        using DisposeScope scope = torch.NewDisposeScope();
        if (batch.shape[1] == ImageShape.Grey)
        {
            return batch.expand(-1, ImageShape.Rgb, -1, -1).contiguous().MoveToOuterDisposeScope();
        }

        // Whole numbers below 2^24, so that float32 is exact.
        torch.Tensor values = batch.to(torch.float32), alpha = values.narrow(1, 3, 1);
        torch.Tensor sum = values.narrow(1, 0, 3).mul(alpha).PlusInPlace(alpha.Times(-255).PlusInPlace((255 * 255) + 127));
        return sum.DividedByInPlace(255).floor_().to(torch.uint8).MoveToOuterDisposeScope();
    }

    /// <summary>Throws if the batch is not uint8 <c>[N, C, H, W]</c> with channels of an image.</summary>
    internal static void CheckBatch(torch.Tensor batch, string parameter)
    {
        ArgumentNullException.ThrowIfNull(batch, parameter);
        if (batch.dtype != torch.uint8 || batch.dim() != 4 || !ImageShape.IsChannelCount(batch.shape[1]))
        {
            throw new ArgumentException(
                $"Images are uint8 [N, C, H, W] with 1, 3 or 4 channels; this is {batch.dtype} {Shape(batch)}.", parameter);
        }
    }

    /// <summary>Throws if the batch is not uint8 with a certain number of channels.</summary>
    internal static void CheckBatch(torch.Tensor batch, string parameter, int channels)
    {
        ArgumentNullException.ThrowIfNull(batch, parameter);
        if (batch.dtype != torch.uint8 || batch.dim() != 4 || batch.shape[1] != channels)
        {
            throw new ArgumentException($"Images are uint8 [N, {channels}, H, W]; this is {batch.dtype} {Shape(batch)}.", parameter);
        }
    }

    internal static string Shape(torch.Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}

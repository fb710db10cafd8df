namespace GMem.Evaluation;

/// <summary>Converts uint8 images to the network's input in either of the two ways used for published scores.</summary>
internal static class InceptionInput
{
    /// <summary>pytorch-fid: bilinear between pixel centres, 0 to 1.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>.</param>
    /// <param name="device">Device of the result.</param>
    /// <returns>float32 <c>[B, 3, 299, 299]</c>, 0 to 1. The network's input is 2 x - 1.</returns>
    public static torch.Tensor ResizePyTorch(torch.Tensor images, torch.Device device)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor unit = images.to(device).to(torch.float32).DividedByInPlace(255);
        return torch.nn.functional.interpolate(
            unit, [InceptionV3.ImageSize, InceptionV3.ImageSize], mode: torch.InterpolationMode.Bilinear, align_corners: false)
            .MoveToOuterDisposeScope();
    }

    /// <summary>TensorFlow 1 (ADM's evaluator, torch-fidelity): bilinear between pixel corners, then (x - 128) / 128.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>.</param>
    /// <param name="device">Device of the result.</param>
    /// <returns>float32 <c>[B, 3, 299, 299]</c>, -1 to 127/128: the network's input.</returns>
    public static torch.Tensor TensorFlow(torch.Tensor images, torch.Device device)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = images.to(device).to(torch.float32);
        torch.Tensor resized = InterpolateCorners(InterpolateCorners(x, 2), 3);
        return resized.TimesInPlace(1 / 128.0).PlusInPlace(-1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Interpolates along one axis: source coordinate = target index * (in / out), without the half-pixel offset. The upper neighbour is
    /// clamped to the edge.
    /// </summary>
    private static torch.Tensor InterpolateCorners(torch.Tensor x, int axis)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long size = x.shape[axis];
        float[] fractions = new float[InceptionV3.ImageSize];
        long[] lower = new long[fractions.Length];
        long[] upper = new long[fractions.Length];
        float scale = size / (float)InceptionV3.ImageSize;
        for (int i = 0; i < fractions.Length; i++)
        {
            float source = i * scale;
            lower[i] = Math.Min((long)source, size - 1);
            upper[i] = Math.Min(lower[i] + 1, size - 1);
            fractions[i] = source - lower[i];
        }

        long[] broadcast = [1, 1, 1, 1];
        broadcast[axis] = fractions.Length;
        torch.Tensor weight = torch.tensor(fractions, device: x.device).reshape(broadcast);
        torch.Tensor low = x.index_select(axis, torch.tensor(lower, device: x.device));
        torch.Tensor high = x.index_select(axis, torch.tensor(upper, device: x.device));
        return low.PlusInPlace(high.sub_(low).mul_(weight)).MoveToOuterDisposeScope();
    }
}

using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// The random numbers of a generated image, each a function of its seed alone (and of the step): not of the batch, the device or what was
/// drawn before. They are drawn on the CPU and moved.
/// </summary>
internal static class SeededNoise
{
    /// <summary>The noise from which one image is made.</summary>
    /// <param name="seed">The image's seed.</param>
    /// <param name="shape">Shape of the image or latent, for instance <c>[C, h, w]</c>.</param>
    /// <returns>Standard normal float32 of that shape on the CPU, a new tensor.</returns>
    public static Tensor Image(long seed, ReadOnlySpan<long> shape) => Draw(seed, RandomPurpose.ImageNoise, 0, shape);

    /// <summary>The noise from which a batch of images is made.</summary>
    /// <param name="seeds">A seed for each row; rows with the same seed are the same.</param>
    /// <param name="shape">Shape of one image or latent.</param>
    /// <param name="device">Where to put it; null for the CPU.</param>
    /// <returns>Standard normal float32 <c>[B, ...]</c>, a new tensor.</returns>
    /// <exception cref="ArgumentException">There are no seeds.</exception>
    public static Tensor Images(IReadOnlyList<long> seeds, ReadOnlySpan<long> shape, Device? device = null) =>
        Stack(seeds, RandomPurpose.ImageNoise, 0, shape, device);

    /// <summary>The standard normal number which a seed's memory entry is chosen by.</summary>
    /// <param name="seed">The image's seed.</param>
    /// <returns>A standard normal number. It is independent of the image's noise.</returns>
    public static double MemoryIndex(long seed)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = RandomStream.Create(seed, RandomPurpose.MemoryIndex);
        return randn(1, dtype: ScalarType.Float64, generator: generator).item<double>();
    }

    /// <summary>The noise which the SDE adds to one image in one step.</summary>
    /// <param name="seed">The image's seed.</param>
    /// <param name="step">Index of the step from 0.</param>
    /// <param name="shape">Shape of the image or latent.</param>
    /// <returns>Standard normal float32 of that shape on the CPU, a new tensor.</returns>
    public static Tensor Increment(long seed, int step, ReadOnlySpan<long> shape) =>
        Draw(seed, RandomPurpose.SamplerNoise, Checked(step), shape);

    /// <summary>The noise which the SDE adds to a batch in one step.</summary>
    /// <param name="seeds">A seed for each row.</param>
    /// <param name="step">Index of the step from 0.</param>
    /// <param name="shape">Shape of one image or latent.</param>
    /// <param name="device">Where to put it; null for the CPU.</param>
    /// <returns>Standard normal float32 <c>[B, ...]</c>, a new tensor.</returns>
    /// <exception cref="ArgumentException">There are no seeds.</exception>
    public static Tensor Increments(IReadOnlyList<long> seeds, int step, ReadOnlySpan<long> shape, Device? device = null) =>
        Stack(seeds, RandomPurpose.SamplerNoise, Checked(step), shape, device);

    /// <summary>The noise that inpainting draws for a batch, see <see cref="Repainting"/>.</summary>
    /// <param name="seeds">A seed for each row.</param>
    /// <param name="draw">Index of the draw from 0.</param>
    /// <param name="shape">Shape of one image or latent.</param>
    /// <param name="device">Where to put it; null for the CPU.</param>
    /// <returns>Standard normal float32 <c>[B, ...]</c>, a new tensor.</returns>
    public static Tensor Repainting(IReadOnlyList<long> seeds, int draw, ReadOnlySpan<long> shape, Device? device = null) =>
        Stack(seeds, RandomPurpose.Repainting, Checked(draw), shape, device);

    private static Tensor Stack(IReadOnlyList<long> seeds, RandomPurpose purpose, int step, ReadOnlySpan<long> shape, Device? device)
    {
        if (seeds.Count == 0)
        {
            throw new ArgumentException("There are no seeds; give one a row.", nameof(seeds));
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor[] rows = new Tensor[seeds.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = Draw(seeds[i], purpose, step, shape);
        }

        return stack(rows).to(device ?? CPU).MoveToOuterDisposeScope();
    }

    private static Tensor Draw(long seed, RandomPurpose purpose, int step, ReadOnlySpan<long> shape)
    {
        using Generator generator = RandomStream.Create(seed, purpose, step);
        return randn(shape, dtype: ScalarType.Float32, device: CPU, generator: generator);
    }

    private static int Checked(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step;
    }
}

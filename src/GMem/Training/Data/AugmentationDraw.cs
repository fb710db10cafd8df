using GMem.Images;

namespace GMem.Training;

/// <summary>What augmentation does to the pictures of a step: a function of (seed, step) and of its probability.</summary>
internal static class AugmentationDraw
{
    private const int Kinds = 9;

    /// <param name="options">The kinds and their strengths.</param>
    /// <param name="probability">With which each kind is applied.</param>
    /// <param name="pictures">Shape of the pictures of the step, <c>[B, C, H, W]</c>.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The step, from 0.</param>
    /// <returns>float32 <c>[B, PictureTransform.ParameterCount]</c> on the CPU, in the caller's scope.</returns>
    public static torch.Tensor Of(ImageAugmentation options, double probability, long[] pictures, long seed, long step)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Augmentation, step);
        int batch = (int)pictures[0];

        // All are drawn in every case, so that a kind that is switched off changes no other.
        float[][] chances = Rows(torch.rand([batch, Kinds], generator: generator), Kinds);
        float[][] uniform = Rows(torch.rand([batch, 3], generator: generator), 3);
        float[][] normal = Rows(torch.randn([batch, 7], generator: generator), 7);
        float[] all =
            [.. Enumerable.Range(0, batch).SelectMany(i => One(options, probability, pictures, chances[i], uniform[i], normal[i]))];
        return torch.tensor(all, [batch, PictureTransform.ParameterCount]).MoveToOuterDisposeScope();
    }

    private static float[] One(
        ImageAugmentation options, double probability, long[] pictures, float[] chance, float[] uniform, float[] normal)
    {
        float[] p = new float[PictureTransform.ParameterCount];
        bool Has(int kind) => chance[kind] < probability;
        p[PictureTransform.HorizontalFlip] = Has(0) && options.HorizontalFlip && uniform[0] < 0.5f ? 1 : 0;
        p[PictureTransform.VerticalFlip] = Has(1) && options.VerticalFlip && uniform[1] < 0.5f ? 1 : 0;
        if (Has(2))
        {
            p[PictureTransform.Translation] = Pixels(normal[0] * options.Translation, pictures[3]);
            p[PictureTransform.Translation + 1] = Pixels(normal[1] * options.Translation, pictures[2]);
        }

        p[PictureTransform.Scaling] = Has(3) ? (float)(normal[2] * options.Scaling) : 0;
        if (Has(4))
        {
            double angle = ((2 * uniform[2]) - 1) * options.Rotation * Math.PI / 180;
            (p[PictureTransform.Rotation], p[PictureTransform.Rotation + 1]) = ((float)(Math.Cos(angle) - 1), (float)Math.Sin(angle));
        }

        p[PictureTransform.Stretching] = Has(5) ? (float)(normal[3] * options.Stretching) : 0;
        p[PictureTransform.Brightness] = Has(6) ? (float)(normal[4] * options.Brightness) : 0;
        p[PictureTransform.Contrast] = Has(7) ? (float)(normal[5] * options.Contrast) : 0;
        p[PictureTransform.Saturation] = Has(8) && pictures[1] != ImageShape.Grey ? (float)(normal[6] * options.Saturation) : 0;
        return p;
    }

    /// <summary>A shift by whole pixels, at most by the whole side, in shares of the side.</summary>
    private static float Pixels(double share, long side) => (float)Math.Round(Math.Clamp(share, -1, 1) * side) / side;

    private static float[][] Rows(torch.Tensor numbers, int width) => [.. numbers.data<float>().ToArray().Chunk(width)];
}

using System.Globalization;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>Images that become worse, or better, rung by rung. A judge that sees orders them.</summary>
/// <param name="Name">What is done to them, and in what unit its strength is.</param>
/// <param name="Strengths">The rungs, as printed.</param>
/// <param name="Images">The images of a rung.</param>
/// <param name="MustRise">Whether the distance has to rise from rung to rung, or fall.</param>
internal sealed record Ladder(string Name, IReadOnlyList<string> Strengths, Func<int, torch.Tensor> Images, bool MustRise = true)
{
    private const int ClassImages = 500;

    /// <summary>The known degradations of real images. The first rung is the images themselves.</summary>
    /// <param name="images">uint8 <c>[N, 3, 32, 32]</c>, in random order.</param>
    /// <param name="labels">Their classes, int64 <c>[N]</c>.</param>
    /// <param name="count">How many of them each rung has. Rungs of fewer classes have 500, as many as there are of one.</param>
    public static IEnumerable<Ladder> OfRealImages(torch.Tensor images, torch.Tensor labels, int count)
    {
        Ladder Of(string name, Func<torch.Tensor, double, torch.Tensor> spoil, params double[] strengths) => new(
            name,
            [.. strengths.Prepend(0).Select(s => s.ToString(CultureInfo.InvariantCulture))],
            rung =>
            {
                using torch.Tensor some = images.narrow(0, 0, count);
                return rung == 0 ? some.clone() : spoil(some, strengths[rung - 1]);
            });

        yield return Of("Gaussian noise, of 255", Degradations.Noise, 4, 8, 16, 32, 64);
        yield return Of("Gaussian blur, pixels", Degradations.Blur, 0.5, 0.75, 1, 1.5, 2.5);
        yield return Of("coarse 8 x 8 blocks, step of 255", Degradations.CoarseBlocks, 16, 32, 64, 128, 256);
        yield return Of(
            "shuffled patches, in a row", (some, s) => Degradations.ShuffledPatches(some, some.shape[3] / (long)s), 2, 4, 8, 16, 32);
        yield return Of("share of the mean image", Degradations.Faded, 0.2, 0.4, 0.6, 0.8, 1);
        yield return Of("share of noise images", Degradations.PartlyNoise, 0.1, 0.25, 0.5, 1);
        int[] classes = [10, 7, 5, 3, 2, 1];
        yield return new Ladder("classes left of ten", [.. classes.Select(c => c.ToString(CultureInfo.InvariantCulture))], rung =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor rows = labels.lt(torch.tensor((long)classes[rung])).nonzero().flatten();
            return images.index_select(0, rows.narrow(0, 0, Math.Min(ClassImages, rows.shape[0]))).MoveToOuterDisposeScope();
        });
    }
}

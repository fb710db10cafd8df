using GMem.Images;
using GMem.Runtime;
using TorchSharp;

namespace HeadlineResult.Encoders;

/// <summary>
/// The last step of an encoder: features of any size, centred, projected onto their first principal directions, brought to unit length.
/// </summary>
internal sealed class FittedFeatures : IDisposable
{
    /// <summary>So few that intermediate results stay in the caches.</summary>
    private const int Batch = 32;

    /// <summary>Images of which the directions are found; more change nothing that can be seen.</summary>
    private const int FitImages = 10_000;

    private FittedFeatures(torch.Tensor mean, torch.Tensor directions)
    {
        Mean = mean.DetachFromDisposeScope();
        Directions = directions.DetachFromDisposeScope();
    }

    /// <summary>float32 <c>[F]</c>.</summary>
    public torch.Tensor Mean { get; }

    /// <summary>float32 <c>[F, m]</c>.</summary>
    public torch.Tensor Directions { get; }

    /// <param name="images">Images of which the directions are found.</param>
    /// <param name="features"><c>[B, F]</c> of images.</param>
    /// <param name="dimension">Directions, m.</param>
    /// <param name="whitening">Power of a direction's standard deviation that its coordinate is divided by: 0 leaves coordinates as they
    /// are, 1 gives all the same spread.</param>
    public static FittedFeatures Fit(torch.Tensor images, Func<torch.Tensor, torch.Tensor> features, int dimension, double whitening = 0)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor rows = InBatches(EvenlySpaced(images, FitImages), features).to(torch.float64);
        torch.Tensor mean = rows.mean([0L], keepdim: false);
        torch.Tensor centred = rows - mean;
        (torch.Tensor values, torch.Tensor vectors) = torch.linalg.eigh(centred.t().matmul(centred));
        long count = Math.Min(dimension, vectors.shape[1]);
        torch.Tensor first = vectors.flip(1).narrow(1, 0, count);
        torch.Tensor spread = values.flip(0).narrow(0, 0, count).AtLeast(1e-12);
        torch.Tensor scaled = first * spread.ToThePower(-whitening / 2);
        return new FittedFeatures(mean.to(torch.float32), scaled.to(torch.float32).contiguous());
    }

    public torch.Tensor Snippets(torch.Tensor images, Func<torch.Tensor, torch.Tensor> features)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor projected = (InBatches(images, features) - Mean).matmul(Directions);
        return GMem.Memory.Snippets.Normalize(projected).MoveToOuterDisposeScope();
    }

    public static torch.Tensor EvenlySpaced(torch.Tensor images, int count)
    {
        long total = images.shape[0];
        long every = Math.Max(1, total / count);
        return images.index_select(
            0, torch.tensor(Enumerable.Range(0, (int)((total + every - 1) / every)).Select(i => i * every).ToArray()));
    }

    public void Dispose()
    {
        Mean.Dispose();
        Directions.Dispose();
    }

    /// <summary>A function of images, a few images at a time.</summary>
    public static torch.Tensor InBatches(torch.Tensor images, Func<torch.Tensor, torch.Tensor> features)
    {
        List<torch.Tensor> parts = [];
        for (long start = 0; start < images.shape[0]; start += Batch)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            parts.Add(features(images.narrow(0, start, Math.Min(Batch, images.shape[0] - start))).MoveToOuterDisposeScope());
        }

        return torch.cat(parts);
    }
}

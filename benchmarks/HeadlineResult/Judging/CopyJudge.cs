using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>
/// Which images are copies of training images. An image's closeness is its distance to the nearest training image over the mean
/// distance to the 50 nearest (Carlini et al., arXiv 2301.13188): a copy has one neighbour that is far nearer than the next ones, a flat
/// or empty picture has many alike. A copy is what is closer than all but 1 % of real images that were never trained on.
/// </summary>
internal sealed class CopyJudge
{
    /// <summary>Share of unseen real images that are taken for copies, by construction.</summary>
    public const double ShareOfReal = 0.01;

    private const int Neighbours = 50;
    private const long Block = 250;

    private readonly torch.Tensor _training;
    private readonly double _limit;

    /// <param name="training">Features of all training images, <c>[N, D]</c>. Stay the caller's.</param>
    /// <param name="unseen">Features of real images that were never trained on, which set the limit.</param>
    public CopyJudge(torch.Tensor training, torch.Tensor unseen)
    {
        _training = training;
        double[] closeness = [.. Closeness(unseen).Order()];
        _limit = closeness[(int)(ShareOfReal * closeness.Length)];
    }

    /// <summary>Share of copies.</summary>
    /// <param name="features">Of the images, <c>[M, D]</c>.</param>
    public double Share(torch.Tensor features) => Closeness(features).Average(c => c < _limit ? 1.0 : 0.0);

    private IEnumerable<double> Closeness(torch.Tensor features)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor training = _training.to(torch.float64);
        List<double> all = [];
        foreach (torch.Tensor some in features.to(torch.float64).split(Block))
        {
            using DisposeScope inner = torch.NewDisposeScope();
            (torch.Tensor squared, _) = PairwiseDistances.Squared(some, training).topk(Neighbours, 1, largest: false, sorted: true);
            torch.Tensor distances = squared.sqrt();
            all.AddRange((distances.select(1, 0) / distances.mean([1L]).PlusInPlace(1e-9)).data<double>().ToArray());
        }

        return all;
    }
}

using GMem.Images;

namespace GMem.Evaluation;

/// <summary>
/// Inception score: exp of the mean Kullback-Leibler divergence of each image's class probabilities from their mean (Salimans et al.,
/// 2016, arXiv 1606.03498). Published scores use the logits of the Inception network without their bias. With another classifier the
/// result is not the Inception score.
/// </summary>
internal static class InceptionScore
{
    /// <summary>Rows per split in ADM's evaluator.</summary>
    public const int AdmSplitSize = 5000;

    /// <summary>
    /// Mean and deviation over splits of nearly equal size. Rows are shuffled first, because images sorted by class would score too low.
    /// </summary>
    /// <param name="logits">float <c>[N, C]</c>, before the softmax.</param>
    /// <param name="splits">Number of splits, 1 to N; split i has the rows from floor(i N / splits). Default 10.</param>
    /// <param name="seed">Seed of the shuffle. Default 0.</param>
    /// <returns>The score.</returns>
    /// <exception cref="ArgumentException">The logits are not such a matrix, contain NaN, or have fewer rows than splits.</exception>
    public static InceptionScoreResult Compute(torch.Tensor logits, int splits = 10, long seed = 0)
    {
        FeatureMatrix.Check(logits, nameof(logits));
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Evaluation, 1);
        return Compute(logits, splits, torch.randperm(logits.shape[0], generator: generator));
    }

    /// <summary>Mean and deviation over splits of nearly equal size, with the rows in a given order.</summary>
    /// <param name="logits">float <c>[N, C]</c>, before the softmax.</param>
    /// <param name="splits">Number of splits, 1 to N.</param>
    /// <param name="order">int64 <c>[N]</c>: a permutation of the rows, or null to keep their order.</param>
    /// <returns>The score.</returns>
    /// <exception cref="ArgumentException">
    /// The logits are not such a matrix, contain NaN, or have fewer rows than splits; or the order has the wrong type or shape.
    /// </exception>
    public static InceptionScoreResult Compute(torch.Tensor logits, int splits, torch.Tensor? order)
    {
        FeatureMatrix.Check(logits, nameof(logits), splits);
        ArgumentOutOfRangeException.ThrowIfLessThan(splits, 1);
        long rows = logits.shape[0];
        if (order is not null && (order.dtype != torch.int64 || order.dim() != 1 || order.shape[0] != rows))
        {
            throw new ArgumentException($"The order must be int64 [{rows}]; got {order.dtype} {ImageTensors.Shape(order)}.", nameof(order));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ordered = order is null ? logits : logits.index_select(0, order.to(logits.device));
        long[] bounds = [.. Enumerable.Range(0, splits + 1).Select(i => i * rows / splits)];
        return Summarise([.. Enumerable.Range(0, splits).Select(i => Score(ordered.narrow(0, bounds[i], bounds[i + 1] - bounds[i])))]);
    }

    /// <summary>Uses ADM's rule: consecutive splits of a fixed size. The last may be shorter but has the same weight.</summary>
    /// <param name="logits">float <c>[N, C]</c>, before the softmax.</param>
    /// <param name="splitSize">Rows per split, at least 1. Default 5,000.</param>
    /// <returns>The score; ADM's evaluator itself prints only the mean.</returns>
    /// <exception cref="ArgumentException">The logits are not such a matrix, or contain NaN.</exception>
    public static InceptionScoreResult ComputeAdm(torch.Tensor logits, int splitSize = AdmSplitSize)
    {
        FeatureMatrix.Check(logits, nameof(logits));
        ArgumentOutOfRangeException.ThrowIfLessThan(splitSize, 1);
        using DisposeScope scope = torch.NewDisposeScope();
        List<double> scores = [];
        for (long start = 0; start < logits.shape[0]; start += splitSize)
        {
            scores.Add(Score(logits.narrow(0, start, Math.Min(splitSize, logits.shape[0] - start))));
        }

        return Summarise([.. scores]);
    }

    private static double Score(torch.Tensor logits)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logProbabilities = logits.to(torch.float64).log_softmax(1);
        torch.Tensor probabilities = logProbabilities.exp();

        // Log of a mean of exponentials: stays finite even if every probability of a class underflows float64.
        torch.Tensor logMean = logProbabilities.logsumexp(0, keepdim: true).PlusInPlace(-Math.Log(logits.shape[0]));
        return Math.Exp(probabilities.mul(logProbabilities.sub(logMean)).sum(1).mean().item<double>());
    }

    private static InceptionScoreResult Summarise(double[] scores)
    {
        double mean = scores.Average();
        return new InceptionScoreResult(mean, Math.Sqrt(scores.Average(s => (s - mean) * (s - mean))), scores);
    }
}

using GMem.Images;

namespace GMem.Evaluation;

/// <summary>
/// Inception score: exp of the mean Kullback-Leibler divergence of each image's class probabilities from their mean (Salimans et al.,
/// 2016, arXiv 1606.03498). Published with the logits of the Inception network without their bias; with those of another classifier
/// it must not be called so.
/// </summary>
internal static class InceptionScore
{
    /// <summary>Rows of a split in ADM's evaluator.</summary>
    public const int AdmSplitSize = 5000;

    /// <summary>
    /// Mean and deviation over splits of nearly equal size, of rows in random order: images sorted by class would score too low.
    /// </summary>
    /// <param name="logits">float <c>[N, C]</c>, before the softmax.</param>
    /// <param name="splits">Number of splits, 1 to N; split i has the rows from floor(i N / splits). Default 10.</param>
    /// <param name="seed">Seed of the order. Default 0.</param>
    /// <returns>The score.</returns>
    /// <exception cref="ArgumentException">The logits are no such matrix, hold NaN, or are fewer than the splits.</exception>
    public static InceptionScoreResult Compute(torch.Tensor logits, int splits = 10, long seed = 0)
    {
        FeatureMatrix.Check(logits, nameof(logits));
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Evaluation, 1);
        return Compute(logits, splits, torch.randperm(logits.shape[0], generator: generator));
    }

    /// <summary>Mean and deviation over splits of nearly equal size, of rows in a given order.</summary>
    /// <param name="logits">float <c>[N, C]</c>, before the softmax.</param>
    /// <param name="splits">Number of splits, 1 to N.</param>
    /// <param name="order">int64 <c>[N]</c>: a permutation of the rows, or null for the order they are in.</param>
    /// <returns>The score.</returns>
    /// <exception cref="ArgumentException">
    /// The logits are no such matrix, hold NaN, or are fewer than the splits; or the order does not fit.
    /// </exception>
    public static InceptionScoreResult Compute(torch.Tensor logits, int splits, torch.Tensor? order)
    {
        FeatureMatrix.Check(logits, nameof(logits), splits);
        ArgumentOutOfRangeException.ThrowIfLessThan(splits, 1);
        long rows = logits.shape[0];
        if (order is not null && (order.dtype != torch.int64 || order.dim() != 1 || order.shape[0] != rows))
        {
            throw new ArgumentException($"The order is int64 [{rows}]; this is {order.dtype} {ImageTensors.Shape(order)}.", nameof(order));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor ordered = order is null ? logits : logits.index_select(0, order.to(logits.device));
        long[] bounds = [.. Enumerable.Range(0, splits + 1).Select(i => i * rows / splits)];
        return Summarise([.. Enumerable.Range(0, splits).Select(i => Score(ordered.narrow(0, bounds[i], bounds[i + 1] - bounds[i])))]);
    }

    /// <summary>As ADM's evaluator: consecutive splits of a fixed size, of which the last may be shorter and counts as much.</summary>
    /// <param name="logits">float <c>[N, C]</c>, before the softmax.</param>
    /// <param name="splitSize">Rows of a split, at least 1. Default 5,000.</param>
    /// <returns>The score; the evaluator itself prints only the mean.</returns>
    /// <exception cref="ArgumentException">The logits are no such matrix, or hold NaN.</exception>
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

        // log of a mean of exponentials, which stays finite where every probability of a class is too small for a float64.
        torch.Tensor logMean = logProbabilities.logsumexp(0, keepdim: true).PlusInPlace(-Math.Log(logits.shape[0]));
        return Math.Exp(probabilities.mul(logProbabilities.sub(logMean)).sum(1).mean().item<double>());
    }

    private static InceptionScoreResult Summarise(double[] scores)
    {
        double mean = scores.Average();
        return new InceptionScoreResult(mean, Math.Sqrt(scores.Average(s => (s - mean) * (s - mean))), scores);
    }
}

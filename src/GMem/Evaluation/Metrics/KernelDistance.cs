using GMem.Images;

namespace GMem.Evaluation;

/// <summary>
/// Kernel distance: the unbiased squared maximum mean discrepancy with the kernel (x.y/D + 1)^3, averaged over random subsets (Binkowski et
/// al., 2018, arXiv 1801.01401). With the Inception features it is the KID. Unlike the Frechet distance, it is unbiased for small samples.
/// </summary>
/// <remarks>
/// Standard error: dividing the deviation by the square root of the number of subsets would treat subsets that share images as
/// independent. Instead it is the delete-d jackknife (Shao and Wu, 1989) for subsets of m out of N images, where N is the size of the
/// smaller set, plus the scatter of a finite number S of subsets: variance * (m / (N - m) + 1 / S).
/// </remarks>
internal static class KernelDistance
{
    /// <summary>The distance, averaged over random subsets.</summary>
    /// <param name="real">float <c>[N, D]</c>.</param>
    /// <param name="generated">float <c>[M, D]</c>.</param>
    /// <param name="options">Settings, or null for the published ones.</param>
    /// <returns>The distance and its standard error.</returns>
    /// <exception cref="ArgumentException">
    /// The sets do not match, are smaller than a subset, or contain NaN; or a setting is out of range.
    /// </exception>
    public static KernelDistanceResult Compute(torch.Tensor real, torch.Tensor generated, KernelDistanceOptions? options = null)
    {
        options ??= new KernelDistanceOptions();
        options.Validate();
        FeatureMatrix.CheckPair(real, generated, 2);
        long smaller = Math.Min(real.shape[0], generated.shape[0]);
        if (options.SubsetSize > smaller)
        {
            throw new ArgumentException(
                $"SubsetSize is {options.SubsetSize}, but there are {real.shape[0]} real and {generated.shape[0]} generated images; "
                + "choose a SubsetSize of at most half the smaller set.", nameof(options));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(options.Seed, RandomPurpose.Evaluation);
        torch.Tensor[] realRows = new torch.Tensor[options.Subsets];
        torch.Tensor[] generatedRows = new torch.Tensor[options.Subsets];
        for (int s = 0; s < options.Subsets; s++)
        {
            realRows[s] = torch.randperm(real.shape[0], generator: generator).narrow(0, 0, options.SubsetSize).clone();
            generatedRows[s] = torch.randperm(generated.shape[0], generator: generator).narrow(0, 0, options.SubsetSize).clone();
        }

        return Compute(real, generated, torch.stack(realRows), torch.stack(generatedRows), options);
    }

    /// <summary>The distance, averaged over given subsets.</summary>
    /// <param name="real">float <c>[N, D]</c>.</param>
    /// <param name="generated">float <c>[M, D]</c>.</param>
    /// <param name="realSubsets">int64 <c>[S, m]</c>: rows of <paramref name="real"/>.</param>
    /// <param name="generatedSubsets">int64 <c>[S, m]</c>: rows of <paramref name="generated"/>.</param>
    /// <param name="options">The kernel, or null for the published one. The number and size of subsets are ignored.</param>
    /// <returns>The distance and its standard error.</returns>
    /// <exception cref="ArgumentException">The sets or the subsets do not match, or the sets contain NaN.</exception>
    public static KernelDistanceResult Compute(
        torch.Tensor real,
        torch.Tensor generated,
        torch.Tensor realSubsets,
        torch.Tensor generatedSubsets,
        KernelDistanceOptions? options = null)
    {
        options ??= new KernelDistanceOptions();
        options.Validate();
        FeatureMatrix.CheckPair(real, generated, 2);
        CheckSubsets(realSubsets, real.shape[0], nameof(realSubsets));
        CheckSubsets(generatedSubsets, generated.shape[0], nameof(generatedSubsets));
        if (!realSubsets.shape.SequenceEqual(generatedSubsets.shape))
        {
            throw new ArgumentException(
                $"Both sets must have the same number and size of subsets; these are {ImageTensors.Shape(realSubsets)} and "
                + $"{ImageTensors.Shape(generatedSubsets)}.", nameof(generatedSubsets));
        }

        double[] values = new double[realSubsets.shape[0]];
        for (int s = 0; s < values.Length; s++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor x = real.index_select(0, realSubsets.select(0, s).to(real.device));
            torch.Tensor y = generated.index_select(0, generatedSubsets.select(0, s).to(generated.device));
            values[s] = MaximumMeanDiscrepancy.Polynomial(x, y, MmdEstimator.Unbiased, options.Degree, options.Gamma, options.Coefficient);
        }

        return Summarise(values, (int)realSubsets.shape[1], Math.Min(real.shape[0], generated.shape[0]));
    }

    private static KernelDistanceResult Summarise(double[] values, int size, long smaller)
    {
        double mean = values.Average();
        double variance = values.Average(v => (v - mean) * (v - mean));
        double unbiased = values.Length > 1 ? variance * values.Length / (values.Length - 1) : double.NaN;
        double error = size < smaller ? Math.Sqrt(unbiased * ((size / (double)(smaller - size)) + (1.0 / values.Length))) : double.NaN;
        return new KernelDistanceResult(mean, Math.Sqrt(variance), error, size, values);
    }

    private static void CheckSubsets(torch.Tensor subsets, long rows, string parameter)
    {
        ArgumentNullException.ThrowIfNull(subsets, parameter);
        if (subsets.dtype != torch.int64 || subsets.dim() != 2 || subsets.shape[0] == 0 || subsets.shape[1] < 2)
        {
            throw new ArgumentException(
                $"Subsets must be int64 [S, m], m at least 2; this is {subsets.dtype} {ImageTensors.Shape(subsets)}.", parameter);
        }

        using DisposeScope scope = torch.NewDisposeScope();
        long least = subsets.min().item<long>();
        long most = subsets.max().item<long>();
        if (least < 0 || most >= rows)
        {
            throw new ArgumentException($"Subsets refer to rows {least} to {most}; there are {rows} rows, numbered from 0.", parameter);
        }
    }
}

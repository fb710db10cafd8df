using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using GMem.Evaluation;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

/// <summary>
/// Every number of reference/metrics. The tables say how a value of that name is computed; a name that no row knows fails, so nothing
/// in a file is passed over.
/// </summary>
public sealed class MetricsReferenceTests
{
    private delegate torch.Tensor Computed(MetricsCase metricsCase, Match match);

    private static readonly (string Pattern, double Absolute, double Relative, Func<MetricsCase, Match, double> Compute)[] ScalarRows =
    [
        ("^fid_(adm|pytorch_fid|torch_fidelity|stable_eigh)$", 0, 1e-8, (c, _) => FrechetDistance.Compute(c.Real, c.Fake)),
        ("^fid_self$", 1e-8, 0, (c, _) => FrechetDistance.Compute(c.Real, c.Real)),
        ("^fid_rank_deficient_", 0, 1e-6, (c, _) => FrechetDistance.Compute(Head(c, "real", 0), Head(c, "fake", 1))),
        ("^fid_mean_term$", 0, 1e-9, (c, _) => MeanTerm(c)),
        ("^trace_sigma_(real|fake)$", 0, 1e-9, (c, m) => Statistics(c, m).Covariance.trace().item<double>()),
        ("^kid_mean$", 0, 1e-9, (c, _) => Kernel(c).Mean),
        ("^kid_std$", 0, 1e-9, (c, _) => Kernel(c).StandardDeviation),
        ("^mmd2_first_(\\d+)_(.+)$", 0, 1e-9, Discrepancy),
        ("^(?:adm|prdc)_precision_k(\\d+)(?:_f32|_f64)?$", 1e-15, 0, (c, m) => Manifold(c, m).Precision),
        ("^(?:adm|prdc)_recall_k(\\d+)(?:_f32|_f64)?$", 1e-15, 0, (c, m) => Manifold(c, m).Recall),
        ("^tf_precision_k(\\d+)$", 1e-7, 0, (c, m) => Manifold(c, m).Precision),
        ("^tf_recall_k(\\d+)$", 1e-7, 0, (c, m) => Manifold(c, m).Recall),
        ("^prdc_density_k(\\d+)$", 1e-15, 1e-15, (c, m) => Manifold(c, m).Density),
        ("^prdc_coverage_k(\\d+)$", 1e-15, 0, (c, m) => Manifold(c, m).Coverage),
        ("^min_margin_(real|fake)_k(\\d+)$", 1e-9, 0, Margin),
        ("^is_mean_shuffled$", 0, 1e-9, (c, _) => Score(c, true).Mean),
        ("^is_std_shuffled$", 0, 1e-9, (c, _) => Score(c, true).StandardDeviation),
        ("^is_mean_unshuffled$", 0, 1e-9, (c, _) => Score(c, false).Mean),
        ("^is_std_unshuffled$", 0, 1e-9, (c, _) => Score(c, false).StandardDeviation),
        ("^is_adm_single_split$", 0, 1e-9, (c, _) => InceptionScore.ComputeAdm(c.Logits, (int)c.Logits.shape[0]).Mean),
        ("^is_adm_split(\\d+)$", 0, 1e-9, (c, m) => InceptionScore.ComputeAdm(c.Logits, Number(m, 1)).Mean),
        ("^is_adm_split_default$", 0, 0, (_, _) => InceptionScore.AdmSplitSize),
    ];

    private static readonly
        (string Pattern, double Absolute, double Relative, Func<MetricsCase, Match, torch.Tensor> Compute)[] TensorRows =
    [
        ("^mu_(real|fake)$", 1e-12, 1e-9, (c, m) => Statistics(c, m).Mean),
        ("^sigma_(real|fake)$", 1e-12, 1e-9, (c, m) => Statistics(c, m).Covariance),
        ("^kid_mmd2$", 0, 1e-9, (c, _) => torch.tensor(Kernel(c).Subsets.ToArray())),
        ("^is_split_scores_unshuffled$", 0, 1e-9, (c, _) => torch.tensor(Score(c, false).Splits.ToArray())),
        ("^prdc_radii_(real|fake)_k(\\d+)$", 0, 1e-9, (c, m) => Radii(c, m).sqrt()),
        ("^adm_fake_in_real_k(\\d+)$", 0, 0, Inside),
    ];

    /// <summary>
    /// Values which the published code computes in float32 from |x|^2 - 2xy + |y|^2, so that they are off by some rounding steps of the
    /// largest |x|^2. The radii are in the file in float64 too, and compared to 1e-9 above. Realism divides by such a distance: its inverse
    /// is compared.
    /// </summary>
    private static readonly (string Pattern, Computed Value, Computed Expected, Func<MetricsCase, double> Scale)[] SinglePrecisionRows =
    [
        ("^adm_radii_sq_(real|fake)_k(\\d+)$", Radii, (c, m) => c.Tensors[m.Value], _ => 1),
        ("^adm_realism_k(\\d+)$", (c, m) => ManifoldMetrics.Realism(
            c.Real, c.Fake, Number(m, 1)).reciprocal(), (c, m) => c.Tensors[m.Value].reciprocal(), c => 1 / SmallestRadius(c)),
    ];

    /// <summary>What a file has for us to read rather than to compute.</summary>
    private static readonly HashSet<string> Inputs =
        ["real", "fake", "logits", "kid_idx_real", "kid_idx_fake", "is_permutation", "rank_deficient_rows", "is_split_bounds"];

    [Fact]
    public void Scalars_EveryReferenceCase_Match()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<string> cases = [];
        foreach (MetricsCase c in MetricsCase.All())
        {
            foreach ((string key, JsonElement value) in c.Scalars.Where(s => !Inputs.Contains(s.Key)))
            {
                (string pattern, double absolute, double relative, Func<MetricsCase, Match, double> compute) = ScalarRows.FirstOrDefault(
                    r => Regex.IsMatch(key, r.Pattern));
                Assert.True(pattern is not null, $"{c.Path}: no row knows how to compute '{key}'");
                double expected = value.GetDouble();
                double actual = compute(c, Regex.Match(key, pattern));
                Assert.True(Math.Abs(actual - expected) <= absolute + (relative * Math.Abs(expected)),
                    $"{c.Path}: {key} is {actual:r}, expected {expected:r}");
                cases.Add(c.Path);
            }
        }

        ReferenceFolder.RequireCases("metrics", cases, "scalars");
    }

    [Fact]
    public void Tensors_EveryReferenceCase_Match()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<string> cases = [];
        foreach (MetricsCase c in MetricsCase.All())
        {
            foreach ((string key, torch.Tensor expected) in c.Tensors.Where(
                t => !Inputs.Contains(t.Key) && !SinglePrecisionRows.Any(r => Regex.IsMatch(t.Key, r.Pattern))))
            {
                (string pattern, double absolute, double relative, Func<MetricsCase, Match, torch.Tensor> compute) =
                    TensorRows.FirstOrDefault(r => Regex.IsMatch(key, r.Pattern));
                Assert.True(pattern is not null, $"{c.Path}: no row knows how to compute '{key}'");
                ReferenceFolder.Close(compute(c, Regex.Match(key, pattern)), expected, absolute, relative, $"{c.Path}: {key}");
                cases.Add(c.Path);
            }
        }

        ReferenceFolder.RequireCases("metrics", cases, "tensors");
    }

    [Fact]
    public void SinglePrecisionTensors_EveryReferenceCase_MatchToTheirRounding()
    {
        const double Step = 1.2e-7;
        using DisposeScope scope = torch.NewDisposeScope();
        List<string> cases = [];
        foreach (MetricsCase c in MetricsCase.All())
        {
            foreach (string key in c.Tensors.Keys)
            {
                foreach ((string pattern, Computed compute, Computed expected, Func<MetricsCase, double> scale) in SinglePrecisionRows)
                {
                    if (Regex.Match(key, pattern) is { Success: true } match)
                    {
                        ReferenceFolder.Close(
                            compute(c, match), expected(c, match), 8 * Step * LargestSquare(c) * scale(c), 0, $"{c.Path}: {key}");
                        cases.Add(c.Path);
                    }
                }
            }
        }

        ReferenceFolder.RequireCases("metrics", cases, "tensors of single precision");
    }

    [Fact]
    public void Folder_EveryFile_IsReadByACase()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyList<MetricsCase> cases = MetricsCase.All();
        string[] others = [.. ReferenceFolder.Files("metrics", "*").Where(
            f => !f.EndsWith(".safetensors", StringComparison.Ordinal) && !f.EndsWith("README.md", StringComparison.Ordinal))];
        foreach (string path in others)
        {
            // The same scalars once more, as plain JSON.
            Assert.EndsWith(".json", path, StringComparison.Ordinal);
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            Assert.Contains(cases, c => JsonElement.DeepEquals(c.Config.GetProperty("scalars"), document.RootElement));
        }

        ReferenceFolder.RequireCases("metrics", [.. cases.Select(c => c.Path), .. others], "files");
    }

    private static double LargestSquare(MetricsCase c) =>
        Math.Max(c.Real.Squared().sum(1).max().item<float>(), c.Fake.Squared().sum(1).max().item<float>());

    private static double SmallestRadius(MetricsCase c) => ManifoldMetrics.SquaredRadii(c.Real, [1]).min().item<double>();

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static FeatureStatistics Statistics(MetricsCase c, Match match) => FeatureStatistics.Compute(c.Set(match.Groups[1].Value));

    private static torch.Tensor Head(MetricsCase c, string set, int index) =>
        c.Set(set).narrow(0, 0, c.Scalars["rank_deficient_rows"][index].GetInt64());

    private static double MeanTerm(MetricsCase c) =>
        (FeatureStatistics.Compute(c.Real).Mean - FeatureStatistics.Compute(c.Fake).Mean).Squared().sum().item<double>();

    private static KernelDistanceResult Kernel(MetricsCase c)
    {
        JsonElement kid = c.Config.GetProperty("kid");
        KernelDistanceOptions options =
            new() { Degree = kid.GetProperty("degree").GetInt32(), Coefficient = kid.GetProperty("coef0").GetDouble() };
        KernelDistanceResult result = KernelDistance.Compute(c.Real, c.Fake, c.Tensors["kid_idx_real"], c.Tensors["kid_idx_fake"], options);
        Assert.Equal(kid.GetProperty("subsets").GetInt32(), result.Subsets.Count);
        Assert.Equal(kid.GetProperty("subset_size").GetInt32(), result.SubsetSize);
        return result;
    }

    private static double Discrepancy(MetricsCase c, Match match)
    {
        torch.Tensor x = c.Real.narrow(0, 0, Number(match, 1));
        torch.Tensor y = c.Fake.narrow(0, 0, Number(match, 1));
        string kind = match.Groups[2].Value;
        return kind switch
        {
            "unbiased" => MaximumMeanDiscrepancy.Polynomial(x, y),
            "biased" => MaximumMeanDiscrepancy.Polynomial(x, y, MmdEstimator.Biased),
            "u-statistic" => MaximumMeanDiscrepancy.Polynomial(x, y, MmdEstimator.UStatistic),
            _ when kind.StartsWith("rbf", StringComparison.Ordinal) =>
                MaximumMeanDiscrepancy.Gaussian(x, y, double.Parse(kind[3..], CultureInfo.InvariantCulture)),
            _ => throw new InvalidDataException($"{c.Path}: unknown estimator '{kind}'"),
        };
    }

    private static ManifoldScores Manifold(MetricsCase c, Match match) => ManifoldMetrics.Compute(c.Real, c.Fake, Number(match, 1));

    private static torch.Tensor Radii(MetricsCase c, Match match) =>
        ManifoldMetrics.SquaredRadii(c.Set(match.Groups[1].Value), [Number(match, 2)]).select(1, 0);

    private static double Margin(MetricsCase c, Match match)
    {
        torch.Tensor distances = PairwiseDistances.Squared(c.Real.to(torch.float64), c.Fake.to(torch.float64)).sqrt();
        torch.Tensor radii = Radii(c, match).sqrt().unsqueeze(match.Groups[1].Value == "real" ? 1 : 0);
        return (distances - radii).abs().min().item<double>();
    }

    private static torch.Tensor Inside(MetricsCase c, Match match)
    {
        int k = Number(match, 1);
        ManifoldCounts counts = new(
            k, ManifoldMetrics.SquaredRadii(c.Real, [k]).select(1, 0), ManifoldMetrics.SquaredRadii(c.Fake, [k]).select(1, 0));
        for (int i = 0; i < FeatureMatrix.BlockCount(c.Real); i++)
        {
            for (int j = 0; j < FeatureMatrix.BlockCount(c.Fake); j++)
            {
                counts.Add(PairwiseDistances.Squared(FeatureMatrix.Block(c.Real, i), FeatureMatrix.Block(c.Fake, j)), i, j);
            }
        }

        return counts.GeneratedInside;
    }

    private static InceptionScoreResult Score(MetricsCase c, bool shuffled)
    {
        int splits = c.Config.GetProperty("is_splits").GetInt32();
        long[] bounds = [.. Enumerable.Range(0, splits).Select(i => i * c.Logits.shape[0] / splits)];
        Assert.Equal(bounds, c.Scalars["is_split_bounds"].EnumerateArray().Select(b => b[0].GetInt64()));
        return InceptionScore.Compute(c.Logits, splits, shuffled ? c.Tensors["is_permutation"] : null);
    }
}

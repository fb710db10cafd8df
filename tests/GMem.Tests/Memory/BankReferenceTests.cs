using System.Text.Json;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>
/// reference/bank: what a file is, its metadata say. Tensors may be absent; those recorded but not to be reproduced are left out
/// by the README's list.
/// </summary>
public sealed class BankReferenceTests
{
    private const double Tolerance = 2e-5;

    private static bool IsNormalize(JsonElement config) => config.TryGetProperty("eps", out _);

    private static bool IsInterpolation(JsonElement config) => config.TryGetProperty("methods", out _);

    private static bool IsLowRank(JsonElement config) => config.TryGetProperty("latent_dim", out _);

    private static bool IsFull(JsonElement config) => config.TryGetProperty("index_list", out _) && !IsLowRank(config);

    [Fact]
    public void EveryFile_IsReadByExactlyOneCase()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files("bank");
        ReferenceFolder.RequireCases("bank", files, "files");
        foreach (string path in files)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            JsonElement config = file.Config();
            int kinds = new[] { IsNormalize(config), IsInterpolation(config), IsLowRank(config), IsFull(config) }.Count(k => k);
            Assert.True(kinds == 1, $"{Path.GetFileName(path)} is read by {kinds} cases");
        }
    }

    [Fact]
    public void Normalize_EveryRow_MatchesReference() => Each("normalizations", IsNormalize, (file, _) =>
    {
        torch.Tensor x = file.Read("x");
        torch.Tensor kept = NotInformative(x).logical_not().nonzero().squeeze(1);
        ReferenceFolder.Close(SnippetAlgebra.Normalize(x).index_select(0, kept), file.Read("y").index_select(0, kept), 2e-6, 0, "y");
        if (file.Contains("x2") && file.Contains("y2_dim0"))
        {
            ReferenceFolder.Close(SnippetAlgebra.Normalize(file.Read("x2"), dim: 0), file.Read("y2_dim0"), 2e-6, 0, "y2_dim0");
        }
    });

    [Fact]
    public void FullBank_EveryOperation_MatchesReference() => Each("full banks", IsFull, (file, config) =>
    {
        torch.Tensor rows = file.Read("bank");
        torch.Tensor snippets = torch.stack([file.Read("snippet_in"), file.Read("snippet_out")]);
        torch.Tensor blends = Blends(rows, config);
        torch.Tensor added = torch.cat([snippets, blends]);
        MemoryBank bank = MemoryBank.FromRows(rows);
        MemoryBank after = bank.Add(added);
        Comparison compare = new(file);
        compare.With("get_rows", rows.index_select(0, torch.tensor(Indices(config))));
        compare.With("get_rows_normalized", bank.Rows(Indices(config)));
        compare.With("get_last", rows[-1]);
        compare.With("get_interpolated", blends);
        compare.With("add_exact", snippets);
        compare.With("add_interpolated", blends);
        compare.With("bank_after", added);
        compare.With("len_after", torch.tensor(after.Count));
        long[] last = [.. Enumerable.Range(0, (int)added.shape[0]).Select(i => bank.Count + i)];
        ReferenceFolder.Close(after.Rows(last), SnippetAlgebra.Normalize(added), Tolerance, 0, "rows added");
        compare.AtLeast(3);
    });

    [Fact]
    public void LowRank_EveryOperation_MatchesReference() => Each("low-rank banks", IsLowRank, (file, config) =>
    {
        torch.Tensor rows = file.Read("bank");
        int rank = config.GetProperty("latent_dim").GetInt32();
        (LowRankStorage basis, _) = LowRankStorage.Fit(
            (start, count) => rows.narrow(0, start, count), (int)rows.shape[0], (int)rows.shape[1], rank);
        torch.Tensor coefficients = basis.Encode(rows);
        torch.Tensor decompressed = basis.Reconstruct(coefficients);
        torch.Tensor chosen = decompressed.index_select(0, torch.tensor(Indices(config)));
        torch.Tensor kept = basis.Reconstruct(basis.Encode(torch.stack([file.Read("snippet_in"), file.Read("snippet_out")])));
        torch.Tensor blends = basis.Reconstruct(Blends(coefficients, config));
        Comparison compare = new(file);
        compare.With("mean", torch.tensor(basis.Mean));
        compare.With("S", torch.tensor(basis.SingularValues), relative: 2e-6);
        compare.With("decompressed", decompressed);
        compare.With("decompressed_f64", decompressed);
        compare.With("get_rows", chosen);
        compare.With("get_rows_normalized", SnippetAlgebra.Normalize(chosen));
        compare.With("get_last", decompressed[-1]);
        compare.With("add_exact", kept);
        compare.With("add_interpolated", blends);
        compare.With("get_interpolated_decompressed", blends);
        compare.With("faster_add_exact_in", kept[0]);
        compare.With("faster_add_interpolated", blends);
        compare.With("faster_get_rows_after_add", chosen);
        compare.With("faster_get_rows_after_reload", chosen);
        compare.With("len_after", torch.tensor(rows.shape[0] + 2 + blends.shape[0]));
        compare.AtLeast(3);
    });

    [Fact]
    public void Interpolation_EveryMethod_MatchesReference() => Each("interpolations", IsInterpolation, (file, config) =>
    {
        string[] methods = [.. config.GetProperty("methods").EnumerateArray().Select(m => m.GetString()!)];
        int compared = 0;
        foreach (string name in file.Entries.Select(e => e.Name)
            .Where(n => methods.Any(m => n.StartsWith(m + "_", StringComparison.Ordinal))))
        {
            bool left = name.StartsWith("spherical_same", StringComparison.Ordinal)
                || name is "spherical_unnormalized" or "concat_2d"
                || name.EndsWith("_uniform", StringComparison.Ordinal) || name.EndsWith("_takes_a", StringComparison.Ordinal);
            if (!left)
            {
                CompareInterpolation(file, name);
                compared++;
            }
        }

        Assert.True(compared >= methods.Length, $"{file.Path}: only {compared} tensors were compared");
    });

    private static void CompareInterpolation(SafetensorsFile file, string name)
    {
        string[] parts = [.. name.Split('_').Where(p => p != "raw" && !p.EndsWith("steps", StringComparison.Ordinal))];
        bool raw = name.EndsWith("_raw", StringComparison.Ordinal);
        (torch.Tensor a, torch.Tensor b) = Pair(file, string.Join('_', parts[1..]));
        torch.Tensor expected = file.Read(name);
        bool steps = expected.dim() > a.dim();
        long count = steps ? expected.shape[0] : 1;
        torch.Tensor alphas = file.Read("alphas");
        torch.Tensor fractions = alphas.numel() == count ? alphas : torch.linspace(0, 1, count);
        torch.Tensor actual = torch.stack([.. Enumerable.Range(0, (int)count)
            .Select(i => Blend(file, name, parts[0], a, b, fractions[i].item<float>(), i))]);
        actual = raw ? actual : SnippetAlgebra.Normalize(actual);
        ReferenceFolder.Close(steps ? actual : actual[0], expected, 2e-6, 0, name);
    }

    private static torch.Tensor Blend(
        SafetensorsFile file,
        string name,
        string method,
        torch.Tensor a,
        torch.Tensor b,
        double fraction,
        int step) => method switch
        {
            "linear" => SnippetAlgebra.Linear(a, b, fraction),
            "spherical" => SnippetAlgebra.Spherical(a, b, fraction),
            "concat" => SnippetAlgebra.Concat(a, b),
            "mask" => SnippetAlgebra.Mask(a, b, file.Read(name + "_uniform")[step]),
            _ => throw new InvalidDataException($"unknown method {method}"),
        };

    /// <summary>
    /// The two inputs behind a suffix: <c>1d</c> a1 and b1; <c>same</c> twice the same; one that has only a first blends a1 into
    /// it.
    /// </summary>
    private static (torch.Tensor First, torch.Tensor Second) Pair(SafetensorsFile file, string suffix)
    {
        if (suffix is [char digit, 'd'] && char.IsAsciiDigit(digit))
        {
            return (file.Read($"a{digit}"), file.Read($"b{digit}"));
        }

        return file.Contains(suffix) ? (file.Read(suffix), file.Read(suffix))
            : file.Contains("b_" + suffix) ? (file.Read("a_" + suffix), file.Read("b_" + suffix))
            : (file.Read("a1"), file.Read("a_" + suffix));
    }

    /// <summary>The pairs (i, j, a) of the official banks: there the weight belongs to the first.</summary>
    private static torch.Tensor Blends(torch.Tensor rows, JsonElement config) => torch.stack([..
        config.GetProperty("pairs").EnumerateArray()
            .Select(p => SnippetAlgebra.Linear(rows[p[0].GetInt64()], rows[p[1].GetInt64()], 1 - p[2].GetDouble()))]);

    private static long[] Indices(JsonElement config) => [.. config.GetProperty("index_list").EnumerateArray().Select(i => i.GetInt64())];

    /// <summary>Rows whose squares or their sum leave the normal range of 32-bit floats: how a library sums them decides.</summary>
    private static torch.Tensor NotInformative(torch.Tensor x)
    {
        torch.Tensor largest = x.to(torch.float64).abs().amax(1);
        torch.Tensor square = largest.Squared();
        return largest.IsAbove(0).logical_and(square.IsBelow(1.2e-38).logical_or(square.Times(x.shape[1]).IsAbove(3.4e38)));
    }

    private static void Each(string what, Func<JsonElement, bool> isCase, Action<SafetensorsFile, JsonElement> check)
    {
        List<string> cases = [];
        foreach (string path in ReferenceFolder.Files("bank"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (isCase(file.Config()))
            {
                check(file, file.Config());
                cases.Add(path);
            }
        }

        ReferenceFolder.RequireCases("bank", cases, what);
    }

    /// <summary>Compares what a file has; a tensor may be absent, but not all of them.</summary>
    private sealed class Comparison(SafetensorsFile file)
    {
        private int _compared;

        public void With(string name, torch.Tensor actual, double relative = 0)
        {
            if (file.Contains(name))
            {
                torch.Tensor expected = file.Read(name);
                ReferenceFolder.Close(actual.reshape(expected.shape), expected, Tolerance, relative, name);
                _compared++;
            }
        }

        public void AtLeast(int count) => Assert.True(_compared >= count, $"{file.Path}: only {_compared} tensors were compared");
    }
}

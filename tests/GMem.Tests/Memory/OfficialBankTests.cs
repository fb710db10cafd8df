using System.Text.Json;
using GMem.FileFormats;
using GMem.Memory;
using GMem.Runtime;
using GMem.Tests.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Memory;

/// <summary>Banks as the published code saves them: a bare matrix, or the dictionary of a low-rank bank.</summary>
public sealed class OfficialBankTests
{
    [Theory]
    [InlineData("Float32")]
    [InlineData("Float16")]
    public void FromCheckpoint_Matrix_IsThatOfItsRows(string kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        SnippetStorage storage = TestBank.Dense(kind);
        torch.Tensor rows = TestBank.Gaussian(5000, 6).Times(4);
        using TemporaryFile file = new(Matrix(rows));
        Assert.True(MemoryBank.FromRows(rows, storage: storage).ContentEquals(MemoryBank.FromCheckpoint(file.Path, storage)));
    }

    [Fact]
    public void FromCheckpoint_ReferenceDictionary_GivesTheReferenceRows()
    {
        List<string> cases = [];
        foreach (string path in ReferenceFolder.Files("bank"))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using SafetensorsFile reference = SafetensorsFile.Open(path);
            JsonElement config = reference.Config();
            if (!config.TryGetProperty("latent_dim", out JsonElement rank) || !reference.Contains("C"))
            {
                continue;
            }

            Dictionary<string, torch.Tensor> parts = new[] { "C", "M", "S", "mean" }.ToDictionary(n => n, reference.Read);
            using TemporaryFile file = new(Dictionary(parts, rank.GetInt64(), parts["M"].shape[0]));
            MemoryBank bank = MemoryBank.FromCheckpoint(file.Path);
            long[] indices = [.. config.GetProperty("index_list").EnumerateArray().Select(i => i.GetInt64())];
            Assert.Equal(rank.GetInt32(), bank.Rank);
            ReferenceFolder.Close(bank.Rows(indices), reference.Read("get_rows_normalized"), 2e-5, 0, "get_rows_normalized");

            // A new snippet is stored as its projection, which is what the published add_exact returns.
            torch.Tensor kept = bank.Add(SnippetAlgebra.Normalize(reference.Read("snippet_in"))).Rows([bank.Count]);
            Assert.True(kept.norm().item<float>() > 0.999);
            cases.Add(path);
        }

        ReferenceFolder.RequireCases("bank", cases, "low-rank dictionaries");
    }

    [Fact]
    public void FromCheckpoint_WhatIsNoBank_SaysSo()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> parts = new()
        {
            ["C"] = TestBank.Gaussian(9, 2),
            ["M"] = TestBank.Gaussian(5, 2),
            ["S"] = torch.ones(2),
            ["mean"] = torch.ones(5),
        };
        Refused(Matrix(torch.ones(6)), "expected is a float matrix");
        Refused(Matrix(torch.ones(2, 2, dtype: torch.int64), "LongStorage"), "expected is a float matrix");
        Refused(CheckpointFile.Zip(new PickleWriter().Long(3).Stop().ToArray()), "neither a tensor [n, m] nor a dictionary");
        Refused(Dictionary(parts, 3, 5), "do not fit each other");
        Refused(Dictionary(parts, 2, 6), "do not fit each other");
        Refused(Dictionary(parts.Where(p => p.Key != "S").ToDictionary(), 2, 5), "'S' is missing");
        parts["mean"] = torch.ones(4);
        Refused(Dictionary(parts, 2, 5), "do not fit each other");
    }

    [Fact]
    public void FromCheckpoint_UnusableRows_AreNamed()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = TestBank.Gaussian(9, 4);
        rows[3].zero_();
        rows[5] = double.NaN;
        using TemporaryFile file = new(Matrix(rows));
        Assert.Contains("ids 3, 5", Assert.Throws<InvalidDataException>(() => MemoryBank.FromCheckpoint(file.Path)).Message);
        Dictionary<string, torch.Tensor> parts = new()
        {
            ["C"] = rows.narrow(1, 0, 2),
            ["M"] = TestBank.Gaussian(5, 2),
            ["S"] = torch.ones(2),
            ["mean"] = torch.zeros(5),
        };
        using TemporaryFile low = new(Dictionary(parts, 2, 5));
        Assert.Contains("ids 3, 5", Assert.Throws<InvalidDataException>(() => MemoryBank.FromCheckpoint(low.Path)).Message);
    }

    private static void Refused(byte[] bytes, string message)
    {
        using TemporaryFile file = new(bytes);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => MemoryBank.FromCheckpoint(file.Path));
        Assert.Contains(file.Path, error.Message);
        Assert.Contains(message, error.Message);
    }

    private static byte[] Matrix(torch.Tensor rows, string kind = "FloatStorage") => CheckpointFile.Zip(
        new PickleWriter().Tensor(kind, "0", rows.numel(), 0, rows.shape, rows.stride()).Stop().ToArray(),
        new Dictionary<string, byte[]> { ["0"] = rows.bytes.ToArray() });

    private static byte[] Dictionary(Dictionary<string, torch.Tensor> parts, long latent, long feature)
    {
        PickleWriter pickle = new PickleWriter().Op('}');
        Dictionary<string, byte[]> storages = [];
        foreach ((string name, torch.Tensor tensor) in parts)
        {
            torch.Tensor plain = tensor.contiguous();
            pickle.Item(name, p => p.Tensor("FloatStorage", name, plain.numel(), 0, plain.shape, plain.stride()));
            storages[name] = plain.bytes.ToArray();
        }

        pickle.Item("latent_dim", p => p.Long(latent)).Item("feature_dim", p => p.Long(feature));
        return CheckpointFile.Zip(pickle.Stop().ToArray(), storages);
    }
}

using System.Runtime.InteropServices;
using GMem.Autoencoders;
using GMem.Encoders.DinoV2;
using GMem.Evaluation;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Memory;
using GMem.Tests.Memory;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.FileFormats;

/// <summary>Damaged files of weights, banks, statistics and latents are read or are an InvalidDataException that names the file.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class WeightsMutationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_OfDamagedSafetensors_ReadsOrIsInvalidData()
    {
        string path = _folder.File("weights.safetensors");
        using KlAutoencoder kl = TinyEncoders.Kl();
        using DinoV2Encoder dino = TinyEncoders.DinoV2();
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        SafetensorsWriter.Write(path, kl.SaveTensors());
        byte[] ofKl = File.ReadAllBytes(path);
        SafetensorsWriter.Write(path, dino.SaveTensors());
        byte[] ofDino = File.ReadAllBytes(path);
        model.ExportCheckpoint(path);
        byte[][] good = [ofKl, ofDino, File.ReadAllBytes(path)];
        Run("weights.safetensors", 0.15, path, good, () => LoadWeights(path, model), SafetensorsMutation.Make);
    }

    [Fact]
    public void Load_OfDamagedCheckpoints_ReadsOrIsInvalidData()
    {
        string path = _folder.File("weights.pth");
        using KlAutoencoder kl = TinyEncoders.Kl();
        using DinoV2Encoder dino = TinyEncoders.DinoV2();
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        byte[][] good = [PthOf(kl.SaveTensors()), PthOf(dino.SaveTensors()), PthOf(model.Core.Network.StateDictTensors()),
            PthOf(new Dictionary<string, torch.Tensor> { ["bank"] = torch.eye(5, 12) })];
        Run("weights.pth", 0.15, path, good, () => LoadWeights(path, model), ZipMutation.Make);
    }

    [Fact]
    public void Open_OfDamagedBanks_ReadsOrIsInvalidData()
    {
        string path = _folder.File("bank.safetensors");
        List<byte[]> good = [];
        foreach (string kind in new[] { "Float32", "Float16", "LowRank" })
        {
            using DisposeScope scope = torch.NewDisposeScope();
            MemoryBank bank = TestBank.Create(rows: 9);
            bank = kind == "Float16" ? bank.ToStorage(SnippetStorage.Float16) : bank.LowRankIf(kind, rank: 3);
            bank.Save(path);
            good.Add(File.ReadAllBytes(path));
        }

        Run("bank.safetensors", 0.1, path, good, () =>
        {
            MemoryBank bank = MemoryBank.Open(path);
            bank.Rows([0, bank.Count - 1]).Dispose();
            Assert.Equal(bank.Count, bank.Entries.Count());
            _ = bank.Labels;
            using FileStream stream = File.OpenRead(path);
            _ = MemoryBank.Load(stream, path);
        }, SafetensorsMutation.Make);
    }

    [Fact]
    public void Load_OfDamagedStatistics_ReadsOrIsInvalidData()
    {
        string path = _folder.File("statistics.npz");
        using (torch.Tensor features = torch.randn(20, 6))
        using (FeatureStatistics statistics = FeatureStatistics.Compute(features))
        {
            statistics.Save(path);
        }

        Run("statistics.npz", 0.05, path, [File.ReadAllBytes(path)], () => FeatureStatistics.Load(path).Dispose(), ZipMutation.Make);
    }

    [Fact]
    public void Open_OfDamagedLatents_ReadsOrIsInvalidData()
    {
        string path = _folder.File("shard.safetensors");
        using DisposeScope scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(path, new Dictionary<string, torch.Tensor>
        {
            ["latents"] = torch.randn(5, 4, 3, 3),
            ["labels"] = torch.tensor(new long[] { 0, 1, 2, 3, 4 }),
            ["snippets"] = torch.eye(5, 7),
        });
        Run("latents", 0.05, path, [File.ReadAllBytes(path)], () =>
        {
            using LatentDataSet data = LatentDataSet.Open(_folder.Path);
            data.Rows["latents"].Range(0, data.Count).Dispose();
            _ = data.HasLabels ? data.ReadLabels() : [];
        }, SafetensorsMutation.Make);
    }

    private static void Run(
        string target, double share, string path, IReadOnlyList<byte[]> good, Action read, Func<Random, byte[], byte[]> structured) =>
        new Mutator(target, share, good).Run(
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                read();
            },
            e => e is InvalidDataException && e.Message.Contains(path, StringComparison.Ordinal),
            structured);

    /// <summary>By whichever loader takes it; a good file is taken by one of them.</summary>
    private static void LoadWeights(string path, GMemModel model)
    {
        List<Func<IDisposable>> loaders =
        [
            () => KlAutoencoder.Load(path),
            () => DinoV2Encoder.Load(
                path, new DinoV2Options { EmbedDim = TinyEncoders.TokenWidth, Depth = 1, Heads = 2, MlpRatio = 2, ImageSize = 16 * 14 }),
            () => GMemModel.FromCheckpoint(path, model.Memory, new CheckpointOptions { HeadCount = 2 }),
        ];
        if (path.EndsWith(".pth", StringComparison.Ordinal))
        {
            loaders.Add(() => Bank(path));
        }

        List<Exception> faults = [];
        foreach (Func<IDisposable> load in loaders)
        {
            try
            {
                load().Dispose();
            }
            catch (Exception e)
            {
                faults.Add(e);
            }
        }

        // A network of another shape than the bank's is documented as a wrong argument.
        Exception? undocumented = faults.Find(f => f is InvalidDataException
            ? !f.Message.Contains(path, StringComparison.Ordinal)
            : f is not ArgumentException { ParamName: "memory" or null });
        if (undocumented is not null || faults.Count == loaders.Count)
        {
            throw undocumented ?? new InvalidDataException(string.Join(" | ", faults.Select(f => f.Message)));
        }
    }

    private static MemoryStream Bank(string path)
    {
        _ = MemoryBank.FromCheckpoint(path);
        return new MemoryStream();
    }

    private static byte[] PthOf(IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        Dictionary<string, byte[]> storages = [];
        PickleWriter pickle = new PickleWriter().Op('}').Put(0);
        foreach ((string name, torch.Tensor tensor) in tensors)
        {
            using torch.Tensor plain = tensor.detach().to(torch.float32).contiguous();
            string key = $"{storages.Count}";
            storages.Add(key, MemoryMarshal.AsBytes(plain.data<float>().ToArray().AsSpan()).ToArray());
            long[] strides = plain.stride();
            if (tensors.Count == 1)
            {
                return CheckpointFile.Zip(
                    new PickleWriter().Tensor("FloatStorage", key, plain.numel(), 0, plain.shape, strides).Stop().ToArray(), storages);
            }

            pickle.Item(name, t => t.Tensor("FloatStorage", key, plain.numel(), 0, plain.shape, strides));
        }

        return CheckpointFile.Zip(pickle.Stop().ToArray(), storages);
    }
}

using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.FileFormats;

public sealed class WeightsFileTests
{
    private static readonly float[] Values = [1, 2, 3, 4, 5, 6];

    [Theory]
    [InlineData("", "")]
    [InlineData("state_dict", "")]
    [InlineData("model", "module.")]
    [InlineData("ema", "_orig_mod.module.")]
    [InlineData("model/state_dict", "module._orig_mod.")]
    public void ReadTensors_OfACheckpoint_FindsTheStateDictUnderPlainNames(string way, string wrapper)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("model.pth");
        File.WriteAllBytes(path, Checkpoint(way.Split('/', StringSplitOptions.RemoveEmptyEntries), wrapper));
        Dictionary<string, torch.Tensor> tensors = WeightsFile.ReadTensors(path);
        Assert.Equal(["a", "b.module.c"], tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2, 3], tensors["a"].shape);
        Assert.Equal(Values, tensors["a"].flatten().data<float>().ToArray());
        Assert.Equal(["a"], WeightsFile.ReadTensors(path, name => name == "a").Keys);
    }

    [Fact]
    public void ReadTensors_OfSafetensors_StripsWrappersOfAllNamesOnly()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("model.safetensors");
        SafetensorsWriter.Write(
            path, new Dictionary<string, torch.Tensor> { ["module.a"] = torch.zeros(1), ["module.b"] = torch.zeros(1) });
        Assert.Equal(["a", "b"], WeightsFile.ReadTensors(path).Keys.Order(StringComparer.Ordinal));
        SafetensorsWriter.Write(path, new Dictionary<string, torch.Tensor> { ["module.a"] = torch.zeros(1), ["b"] = torch.zeros(1) });
        Assert.Equal(["b", "module.a"], WeightsFile.ReadTensors(path).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ReadTensors_CheckpointWithoutStateDict_SaysWhatItHolds()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("run.pt");
        File.WriteAllBytes(path, CheckpointFile.Zip(new PickleWriter().OrderedDictionary().Item("epoch", w => w.Long(3)).Stop().ToArray()));
        Assert.Equal(
            $"'{path}' holds no tensors by name, neither at its root nor under 'state_dict', 'model', 'ema', 'teacher'; it has 'epoch'.",
            Assert.Throws<InvalidDataException>(() => WeightsFile.ReadTensors(path)).Message);
    }

    [Fact]
    public void ReadTensors_StorageSharedByManyNames_IsRefusedBeforeItFillsTheMemory()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("small.pth");
        PickleWriter pickle = new PickleWriter().OrderedDictionary();
        for (int i = 0; i < 100; i++)
        {
            pickle.Item($"w{i}", w => w.Tensor("FloatStorage", "0", 1 << 18, 0, [1 << 18], [1]));
        }

        File.WriteAllBytes(path, CheckpointFile.Zip(pickle.Stop().ToArray(), new Dictionary<string, byte[]> { ["0"] = new byte[1 << 20] }));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Contains(
            "share storages", Assert.Throws<InvalidDataException>(() => WeightsFile.ReadTensors(path)).Message, StringComparison.Ordinal);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static byte[] Checkpoint(string[] way, string wrapper)
    {
        PickleWriter pickle = new();
        Nest(pickle, way);
        return CheckpointFile.Zip(pickle.Stop().ToArray(), new Dictionary<string, byte[]> { ["0"] = CheckpointFile.Floats(Values) });

        void Nest(PickleWriter writer, string[] rest)
        {
            writer.OrderedDictionary().Item("step", w => w.Long(7));
            if (rest.Length > 0)
            {
                writer.Item(rest[0], w => Nest(w, rest[1..]));
                return;
            }

            writer.Item(wrapper + "a", w => w.Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1]));
            writer.Item(wrapper + "b.module.c", w => w.Tensor("FloatStorage", "0", 6, 4, [2], [1]));
        }
    }
}

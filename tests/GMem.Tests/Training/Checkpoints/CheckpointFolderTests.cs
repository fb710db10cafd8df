using GMem.Backbone;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Training.Checkpoints;

public sealed class CheckpointFolderTests
{
    private static readonly Dictionary<string, string> Run = new() { ["a"] = "1" };

    [Fact]
    public void Save_DiskFull_KeepsTheOldOneTellsAndGoesOn()
    {
        using TemporaryFolder folder = new();
        using SiT network = Network();
        using TrainingState state = new(network, new TrainingOptions());
        TrainingMessages messages = new();
        bool full = false;
        using CheckpointFolder checkpoints = new(folder.Path, Run, 3, messages, (path, write) => AtomicFile.Write(
            path, stream => write(full ? new FullDisk(stream, 1000) : stream)));
        state.Step = 1;
        Assert.True(checkpoints.Save(state));
        _ = messages.Take();

        full = true;
        state.Step = 2;
        Assert.False(checkpoints.Save(state));

        TrainingMessage told = Assert.Single(messages.Take());
        Assert.Equal(TrainingMessageLevel.Warning, told.Level);
        Assert.Equal("The checkpoint of step 2 could not be written: No space left on device. Training goes on; the newest one is still "
            + "'step-00000001.safetensors'.", told.Text);
        Assert.Equal(["step-00000001.safetensors"], Directory.GetFiles(System.IO.Path.Combine(folder.Path, "checkpoints")).Select(
            p => System.IO.Path.GetFileName(p)));

        full = false;
        Assert.True(checkpoints.Save(state));
        state.Step = 0;
        Assert.True(checkpoints.TryRestore(state));
        Assert.Equal(2, state.Step);
    }

    [Fact]
    public void Constructor_PartsOfAKilledProcess_AreRemoved()
    {
        using TemporaryFolder folder = new();
        string inside = Directory.CreateDirectory(folder.File("checkpoints")).FullName;
        System.IO.File.WriteAllText(System.IO.Path.Combine(inside, "step-00000003.safetensors.0123.tmp"), "half");
        using CheckpointFolder checkpoints = new(folder.Path, Run, 3, new TrainingMessages());
        Assert.Empty(Directory.GetFiles(inside));
    }

    [Fact]
    public void TryRestore_AllNumbersAndTensors_ComeBack()
    {
        using TemporaryFolder folder = new();
        using DisposeScope scope = torch.NewDisposeScope();
        using SiT network = Network();
        TrainingOptions options = new() { PowerAverageWidths = [0.1, 0.2] };
        using TrainingState state = new(network, options);
        using IDisposable noGrad = torch.no_grad();
        using torch.Generator generator = new(3);
        foreach ((_, torch.Tensor tensor) in state.Tensors)
        {
            _ = tensor.copy_(torch.randn(tensor.shape, generator: generator));
        }

        StateNumbers numbers = new(Step: 12,
            Updates: 10, Skipped: 2, LearningRateFactor: 0.25, Returns: 2, BestValidationLoss: 0.1 + 0.2, EvaluationsWithoutGain: 3);
        state.Numbers = numbers;
        torch.Tensor[] before = [.. state.Tensors.Select(t => t.Value.clone())];
        using CheckpointFolder checkpoints = new(folder.Path, Run, 3, new TrainingMessages());
        Assert.True(checkpoints.Save(state));

        using SiT other = Network();
        using TrainingState restored = new(other, options);
        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.True(checkpoints.TryRestore(restored));
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(numbers, restored.Numbers);
        Assert.All(
            before.Zip(restored.Tensors), pair => Assert.True(pair.First.equal(pair.Second.Value).all().item<bool>(), pair.Second.Key));
    }

    [Fact]
    public void Of_EveryTrainingOption_MattersUnlessItIsListedAsFree()
    {
        using TrainingImages images = TinyModel.Images();
        GMemOptions options = TinyModel.Options();
        using PreparedTraining data = new ImagePreparation(images, options, torch.CPU, CancellationToken.None).Run();
        IReadOnlyDictionary<string, string> run = RunDescription.Of(options, data);
        IEnumerable<string> all = typeof(TrainingOptions)
            .GetProperties().Where(p => p.Name != nameof(TrainingOptions.TimeDistribution)).Select(p => $"Training.{p.Name}");
        Assert.All(all, name => Assert.True(run.ContainsKey(name) != RunDescription.Free.Contains(name), name));
        Assert.Contains("Training.TimeDistribution.Mean", run.Keys);
        Assert.Equal("[velocity, projection]", run["Training.Losses"]);
        Assert.Equal(("VelocityLoss", "0.5"), (run["Training.Losses.velocity"], run["Training.Losses.projection.Weight"]));
    }

    private static SiT Network()
    {
        using torch.Generator generator = new(4);
        return new SiT(new SiTOptions
        {
            InputSize = 8,
            InputChannels = 3,
            PatchSize = 2,
            HiddenSize = 32,
            Depth = 1,
            HeadCount = 2,
            Conditions = [new SnippetCondition { Size = 6 }],
        }, generator);
    }

    /// <summary>A disk with room for so many bytes more.</summary>
    private sealed class FullDisk(Stream inner, long room) : MemoryStream
    {
        private long _written;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _written += buffer.Length;
            if (_written > room)
            {
                throw new IOException("No space left on device.");
            }

            inner.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}

using GMem.FileFormats;
using GMem.Latents;
using GMem.Tests.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Tests.Model;

/// <summary>Fine-tuning with a part of the network frozen.</summary>
[Collection(nameof(OperatorThreads))]
public sealed class FreezeTests
{
    private static readonly string[] Frozen = ["blocks.*.attn.*", "x_embedder.*", "t_embedder.*"];

    [Fact]
    public void Fit_Freezing_FrozenBitsStayAndTheRestMoves()
    {
        using GMemModel initial = TinyModel.Train();
        using GMemModel tuned = TinyModel.Train(Options(initial));
        Dictionary<string, Parameter> before = Parameters(initial), after = Parameters(tuned);
        foreach ((string name, Parameter parameter) in after.Where(p => p.Key != "pos_embed"))
        {
            bool frozen = name.Contains(".attn.", StringComparison.Ordinal) || name.Contains("_embedder.", StringComparison.Ordinal);
            Assert.True(frozen == Bits(parameter).SequenceEqual(Bits(before[name])), name);
            Assert.True(!frozen || parameter.grad is null, name);
        }
    }

    /// <summary>Without clipping a parameter's first step of AdamW is its own affair.</summary>
    [Fact]
    public void Fit_OneStep_TheRestMovesAsWithNothingFrozen()
    {
        using GMemModel initial = TinyModel.Train();
        GMemOptions options = Options(initial);
        (options.Training.TotalSteps, options.Training.MaxGradientNorm) = (1, 0);
        using GMemModel some = TinyModel.Train(options);
        options.Training.Freeze = [];
        using GMemModel all = TinyModel.Train(options);
        Dictionary<string, Parameter> expected = Parameters(all);
        foreach ((string name, Parameter parameter) in some.Core.Network.TrainableParameters())
        {
            Assert.Equal(Bits(expected[name]), Bits(parameter));
        }
    }

    [Fact]
    public void Fit_Freezing_StateIsOfWhatIsTrained()
    {
        using TemporaryFolder folder = new();
        using GMemModel initial = TinyModel.Train();
        GMemOptions options = Options(initial);
        options.WorkspacePath = folder.Path;
        using GMemModel tuned = TinyModel.Train(options);
        long trained = tuned.Core.Network.TrainableParameters().Sum(p => p.Parameter.numel());
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("checkpoints/step-00000006.safetensors"));
        Assert.All(file.Entries, e => Assert.Equal([trained], e.Shape));
        Assert.True(trained < 0.8 * tuned.ParameterCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_StoppedAndRunAgain_SameBitsAsNeverStopped(bool adapter)
    {
        using TemporaryFolder folder = new();
        using GMemModel initial = TinyModel.Train();
        GMemOptions options = Options(initial, adapter);
        using GMemModel whole = TinyModel.Train(options);
        using CancellationTokenSource stop = new();
        ProgressList progress = new() { OnReport = r => { if (r.Step == 3) { stop.Cancel(); } } };
        options.WorkspacePath = folder.Path;
        using TrainingImages images = TinyModel.Images();
        GMemModel.Fit(images, options, torch.CPU, progress, stop.Token).Dispose();
        Assert.Equal(3, progress.Reports.Count);
        using GMemModel resumed = TinyModel.Train(options);
        Assert.Equal(Hash(whole), Hash(resumed));

        options.Training.Freeze = adapter ? [] : ["blocks.*.attn.*"];
        options.Training.Adapter = adapter ? new LowRankAdapterOptions { Rank = 3 } : null;
        string change = adapter ? "Training.Adapter.Rank was 8 and is 3"
            : "Training.Freeze was [blocks.*.attn.*, x_embedder.*, t_embedder.*]";
        Assert.Contains(change, Assert.Throws<ArgumentException>(() => TinyModel.Train(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_TheSameShardsOnMoreThreads_SameBits(bool adapter)
    {
        string[] hashes = [.. new[] { 1, 2 }.Select(threads =>
        {
            string hash = "";
            OperatorThreads.Run(threads, () =>
            {
                using GMemModel initial = Sharded(null, false), tuned = Sharded(initial, adapter);
                hash = Hash(tuned);
            });
            return hash;
        })];
        Assert.Equal(hashes[0], hashes[1]);

        static GMemModel Sharded(GMemModel? initial, bool adapter)
        {
            GMemOptions options = initial is null ? TinyModel.Options() : Options(initial, adapter);
            (options.Training.Shards, options.Training.ThreadsPerShard) = (2, 1);
            return TinyModel.Train(options);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WithAverage_OfARunThatTrainedAPart_LeavesTheRestAsItIs(bool adapter)
    {
        using TemporaryFolder folder = new();
        using GMemModel initial = TinyModel.Train();
        GMemOptions options = Options(initial, adapter);
        options.WorkspacePath = folder.Path;
        options.Training.PowerAverageWidths = [0.05, 0.1];
        options.Training.AverageSnapshotEveryNStep = 3;
        using GMemModel tuned = TinyModel.Train(options);

        // As loaded, when nothing says any more what was frozen.
        MemoryArchive archive = new();
        tuned.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        using GMemModel other = loaded.WithAverage(folder.Path, 0.1);
        Dictionary<string, Parameter> before = Parameters(tuned), after = Parameters(other);
        string[] moved = [.. after.Where(p => !Bits(p.Value).SequenceEqual(Bits(before[p.Key]))).Select(p => p.Key)];
        string[] wanted = adapter ? [.. tuned.Adapter!.Layers.Select(l => $"{l}.weight")]
            : [.. tuned.Core.Network.TrainableParameters().Select(p => p.Name)];
        Assert.Equal(wanted, moved);
    }

    [Fact]
    public void Fit_FreezingWithASource_Works()
    {
        GMemOptions source = TinyModel.Options();
        source.Training.Source = new CentredSource();
        using GMemModel initial = TinyModel.Train(source);
        GMemOptions options = Options(initial);
        using GMemModel kept = TinyModel.Train(options);
        Assert.Equal(initial.Core.Source!.Fingerprint(), kept.Core.Source!.Fingerprint());
        options.Training.Source = new CentredSource { NoiseScale = 0.7 };
        using GMemModel other = TinyModel.Train(options);
        Assert.Equal(0.7, other.Core.Source!.NoiseScale);
        Assert.Equal(Bits(Parameters(initial)["blocks.0.attn.qkv.weight"]), Bits(Parameters(other)["blocks.0.attn.qkv.weight"]));
    }

    [Fact]
    public void CheckMemory_UnknownPattern_IsRefusedBeforeAnythingIsRead()
    {
        GMemOptions options = TinyModel.Options();
        options.Training.Freeze = ["encoder.*"];
        Assert.StartsWith("Freeze has the pattern 'encoder.*'", Assert.Throws<ArgumentException>(
            () => GMemModel.CheckMemory(options, TinyModel.ImageSize, torch.CPU)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_Freezing_LeavesNoTensors()
    {
        using GMemModel initial = TinyModel.Train();
        TinyModel.Train(Options(initial)).Dispose();
        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        TinyModel.Train(Options(initial)).Dispose();
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static GMemOptions Options(GMemModel initial, bool adapter = false)
    {
        GMemOptions options = TinyModel.Options();
        options.InitialModel = initial;
        options.Training.Freeze = adapter ? [] : Frozen;
        options.Training.Adapter = adapter ? new LowRankAdapterOptions() : null;
        return options;
    }

    private static Dictionary<string, Parameter> Parameters(GMemModel model) =>
        model.Core.Network.named_parameters().ToDictionary(p => p.name, p => p.parameter);

    private static float[] Bits(torch.Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    private static string Hash(GMemModel model)
    {
        using GMem.Parts.CacheKey key = new();
        key.Add(model.Core.Network.StateDictTensors());
        return key.Finish();
    }
}

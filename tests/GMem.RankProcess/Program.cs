// One rank of several, for tests to start by mpirun: GMem.RankProcess COMMAND [name=value ...], where name@1 is for rank 1 alone. Lines
// that begin with a word and a colon are what tests read; the first rank writes them, unless the word is "rank", "state" or "nccl".
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GMem;
using GMem.Backbone;
using GMem.Distributed;
using GMem.Latents;
using GMem.RankProcess;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

Dictionary<string, string> given = args.Skip(1).Select(a => a.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
string? Of(string name) => given.GetValueOrDefault(name);
int Number(string name, int fallback) => Of(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

TimeSpan? timeout = Of("timeout") is { } seconds ? TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)) : null;
RankGroup ranks = RankGroup.Join(timeout);
if (Of("threads") is not null || ranks.Size == 1)
{
    torch.set_num_threads(Number("threads", 1));
}

// Differences between ranks are what some tests are about: "learning-rate@1=0.5" is for rank 1 alone.
foreach ((string name, string value) in given.Where(g => g.Key.EndsWith($"@{ranks.Rank}", StringComparison.Ordinal)).ToArray())
{
    given[name.Split('@')[0]] = value;
}

switch (args[0])
{
    case "collectives":
        Collectives.Run(ranks);
        break;
    case "state":
        State();
        break;
    case "nccl":
        Console.WriteLine($"nccl: {ranks.Rank} {NcclLibrary.OfProcess is not null} {NcclGroup.Of(ranks, torch.CPU) is null}");
        break;
    case "time":
        Collectives.Time(ranks, Number("count", 33_000_000), Number("rounds", 5));
        break;
    case "fit":
        Fit();
        break;
    case "hang":
        Ready();
        if (ranks.Rank == Number("who", 1))
        {
            Thread.Sleep(Timeout.Infinite);
        }

        ranks.Barrier();
        break;
    case "throw":
        Ready();
        if (ranks.Rank == Number("who", 1))
        {
            throw new InvalidDataException("this rank has a fault of its own");
        }

        ranks.Barrier();
        break;
    case "return":
        Ready();
        return ranks.Rank == Number("who", 1) ? 7 : Wait();
    default:
        throw new ArgumentException($"There is no command '{args[0]}'.");
}

return 0;

// Loading takes longer than what tests wait for.
void Ready()
{
    ranks.Barrier();
    Console.WriteLine("ready: yes");
}

int Wait()
{
    ranks.Barrier();
    return 0;
}

void Fit()
{
    GMemOptions options = TinyModel.Options(steps: Number("steps", 6), batchSize: Number("batch", 8));
    TrainingOptions training = options.Training;
    options.Ranks = ranks;
    options.Network = options.Network with { HiddenSize = Number("width", 32), Depth = Number("depth", 2) };
    options.WorkspacePath = Of("workspace");
    training.Shards = Of("shards") is { } shards ? int.Parse(shards, CultureInfo.InvariantCulture) : null;
    training.ThreadsPerShard = Of("threads-per-shard") is { } threads ? int.Parse(threads, CultureInfo.InvariantCulture) : null;
    training.MicroBatchSize = Of("micro") is { } micro ? int.Parse(micro, CultureInfo.InvariantCulture) : null;
    training.LearningRate = double.Parse(Of("learning-rate") ?? "1e-3", CultureInfo.InvariantCulture);
    training.CheckpointEvery = Number("checkpoint", 2);
    training.LogEveryNStep = 1;
    training.MaxSkippedStepsInARow = Number("most-skipped", training.MaxSkippedStepsInARow);
    training.OnDivergence = Of("stop-on-divergence") is null ? training.OnDivergence : DivergenceBehavior.Stop;
    options.EncodingProgress = new Reports<EncodingProgress>(done => Console.WriteLine($"encoded: {done.Encoded} {done.Found}"));
    if (Of("faulty") is { } above)
    {
        training.Losses = [new VelocityLoss(), new FaultyTerm(double.Parse(above, CultureInfo.InvariantCulture))];
    }

    training.SampleEveryNStep = Number("sample", 0);
    training.SampleCount = 3;
    training.ValidationFraction = double.Parse(Of("validation") ?? "0", CultureInfo.InvariantCulture);
    training.ValidateEveryNStep = 2;
    training.EarlyStoppingPatience = Number("patience", 0);
    training.Augmentation = Of("augment") is null ? null
        : new ImageAugmentation { Probability = 0.4, AdaptiveStep = 0.1, HorizontalFlip = true };
    training.Quality = Of("quality") is null ? null
        : new QualityOptions { EveryNStep = Number("quality", 2), SampleCount = 5, SamplerSteps = 2 };
    training.PowerAverageWidths = Of("averages") is null ? [] : [0.05, 0.10];
    training.Source = Of("source") is null ? null : new CentredSource();
    training.FlowMap = Of("flow-map") is null ? null : new FlowMapOptions();
    training.Freeze = Of("freeze") is { } pattern ? [pattern] : [];
    training.Adapter = Of("adapter") is { } rank
        ? new LowRankAdapterOptions { Rank = int.Parse(rank, CultureInfo.InvariantCulture) }
        : null;
    using GMemModel? initial = options.InitialModel = Of("initial") is null ? null : Initial(options.Network);
    if (Of("no-clip") is not null)
    {
        training.MaxGradientNorm = 0;
    }

    using CancellationTokenSource stop = new();
    using PosixSignalRegistration signal = PosixSignalRegistration.Create((PosixSignal)10, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
    using TrainingImages images = Images(Number("images", 24));
    long stopAt = Number("stop-at", -1);
    Stopwatch watch = Stopwatch.StartNew();
    Reports<TrainingProgress> reports = new(value =>
    {
        if (value.Step == stopAt)
        {
            stop.Cancel();
        }

        Console.WriteLine($"step: {value.Step} {value.Loss:r} {value.ValidationLoss:r} {value.Quality?.FrechetDistance:r} "
            + $"{value.Quality?.CopyShare:r}");
        foreach (TrainingMessage message in value.Messages.Where(m => m.Level == TrainingMessageLevel.Warning))
        {
            Console.WriteLine($"warning: {message.Text}");
        }
    });
    using GMemModel model = GMemModel.Fit(images, options, torch.CPU, reports, stop.Token);
    MemoryArchive archive = new();
    model.Save(archive);
    string trained = training.Adapter is null ? "network.safetensors" : "adapter.safetensors";
    string hash = Convert.ToHexStringLower(SHA256.HashData(archive.Entries[trained]));
    string memory = Convert.ToHexStringLower(SHA256.HashData(archive.Entries["memory.safetensors"]));
    Console.WriteLine($"rank: {ranks.Rank} {hash} {model.TrainedSteps}");
    if (ranks.Rank == 0)
    {
        Console.WriteLine($"weights: {hash}");
        Console.WriteLine($"memory: {memory}");
        Console.WriteLine($"parameters: {model.Core.Network.TrainableParameters().Sum(p => p.Parameter.numel())}");
        Console.WriteLine($"partial: {model.IsPartial} {model.TrainedSteps}");
        Console.WriteLine($"seconds: {watch.Elapsed.TotalSeconds:r}");
    }
}

// Each rank trains it for itself, on one thread, to the same bits.
GMemModel Initial(SiTOptions network)
{
    GMemOptions options = TinyModel.Options(steps: 2);
    options.Network = network;
    (options.Training.Shards, options.Training.ThreadsPerShard) = (1, 1);
    return TinyModel.Train(options);
}

// "pixel" changes an image, "bank" gives snippets of which it changes one, "labels" a label.
TrainingImages Images(int count)
{
    using TrainingImages plain = TinyModel.Images(count);
    torch.Tensor pixels = plain.Pixels.clone();
    if (Of("pixel") is not null)
    {
        pixels[0, 0, 0, 0] = torch.tensor((byte)Number("pixel", 0));
    }

    using torch.Generator generator = new(5);
    torch.Tensor? snippets = Of("bank") is null ? null : torch.randn([count, 12], generator: generator);
    if (snippets is not null)
    {
        snippets[0, 0] = torch.tensor((float)Number("bank", 0));
    }

    return new TrainingImages(pixels, snippets);
}

// How many numbers of each kind a rank keeps for a network.
void State()
{
    GMemOptions options = TinyModel.Options();
    options.Training.PowerAverageWidths = [0.05, 0.10];
    using SiT network = new(options.Network with
    {
        HiddenSize = Number("width", 32),
        InputSize = TinyModel.ImageSize,
        InputChannels = 3,
    });
    using TrainingState state = new(network, options.Training, ranks);
    Console.WriteLine($"state: {ranks.Rank} {string.Join(' ', state.Tensors.Select(t => $"{t.Key}={t.Value.numel()}"))}");
}

internal sealed class Reports<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}

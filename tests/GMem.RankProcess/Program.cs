// One rank of several, for tests to start by mpirun: GMem.RankProcess COMMAND [name=value ...]. Lines that begin with a word and a colon are
// what tests read; the first rank writes them, unless the word is "rank".
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GMem;
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

RankGroup ranks = RankGroup.Join(Of("timeout") is { } seconds ? TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)) : null);
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
    case "time":
        Collectives.Time(ranks, Number("count", 33_000_000), Number("rounds", 5));
        break;
    case "fit":
        Fit();
        break;
    case "hang":
        ranks.Barrier();
        if (ranks.Rank == Number("who", 1))
        {
            Thread.Sleep(Timeout.Infinite);
        }

        ranks.Barrier();
        break;
    case "throw":
        ranks.Barrier();
        if (ranks.Rank == Number("who", 1))
        {
            throw new InvalidDataException("this rank has a fault of its own");
        }

        ranks.Barrier();
        break;
    case "return":
        return ranks.Rank == Number("who", 1) ? 7 : Wait();
    default:
        throw new ArgumentException($"There is no command '{args[0]}'.");
}

return 0;

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
    training.MicroBatchSize = Of("micro") is { } micro ? int.Parse(micro, CultureInfo.InvariantCulture) : null;
    training.LearningRate = double.Parse(Of("learning-rate") ?? "1e-3", CultureInfo.InvariantCulture);
    training.CheckpointEvery = Number("checkpoint", 2);
    training.LogEveryNStep = 1;
    training.SampleEveryNStep = Number("sample", 0);
    training.SampleCount = 3;
    training.ValidationFraction = double.Parse(Of("validation") ?? "0", CultureInfo.InvariantCulture);
    training.ValidateEveryNStep = 2;
    training.EarlyStoppingPatience = Number("patience", 0);
    training.PowerAverageWidths = Of("averages") is null ? [] : [0.05, 0.10];
    training.Source = Of("source") is null ? null : new CentredSource();
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
    using TrainingImages images = TinyModel.Images(Number("images", 24));
    long killAt = Number("kill-at", -1);
    long stopAt = Number("stop-at", -1);
    Stopwatch watch = Stopwatch.StartNew();
    Reports reports = new(value =>
    {
        if (value.Step == killAt)
        {
            Process.GetCurrentProcess().Kill();
        }

        if (value.Step == stopAt)
        {
            stop.Cancel();
        }

        Console.WriteLine($"step: {value.Step} {value.Loss:r} {value.ValidationLoss:r}");
        foreach (TrainingMessage message in value.Messages.Where(m => m.Level == TrainingMessageLevel.Warning))
        {
            Console.WriteLine($"warning: {message.Text}");
        }
    });
    using GMemModel model = GMemModel.Fit(images, options, torch.CPU, reports, stop.Token);
    MemoryArchive archive = new();
    model.Save(archive);
    string hash = Convert.ToHexStringLower(SHA256.HashData(archive.Entries["network.safetensors"]));
    string memory = Convert.ToHexStringLower(SHA256.HashData(archive.Entries["memory.safetensors"]));
    Console.WriteLine($"rank: {ranks.Rank} {hash}");
    if (ranks.Rank == 0)
    {
        Console.WriteLine($"weights: {hash}");
        Console.WriteLine($"memory: {memory}");
        Console.WriteLine($"partial: {model.IsPartial} {model.TrainedSteps}");
        Console.WriteLine($"seconds: {watch.Elapsed.TotalSeconds:r}");
    }
}

internal sealed class Reports(Action<TrainingProgress> report) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => report(value);
}

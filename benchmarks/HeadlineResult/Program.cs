// How many training steps a memory saves: SiT without condition, SiT with labels, and GMem with each encoder, on the same images
// with the same network, steps, batches and seeds.
//   dotnet run -c Release --project benchmarks/HeadlineResult --
//     --images ../shared/data/cifar10-train.zip --held-out ../shared/data/cifar10-test.zip
//     [--steps 1000 --batch 64 --samples 1000 --seeds 1 --preset small --snippet-dimension 128
//     --encoders pca,patches,contrastive --output docs --training-images 50000]
// Under an hour on two idle cores; --preset S, B, ... and more steps want a GPU.
// Writes results.md, images/headline-result.png and images/headline-seconds.png into the output folder.
// --seeds repeats SiT and the first encoder only. To share the work among processes, start each with OMP_NUM_THREADS=1 and
// --only SiT or --only GMem; then run once more without --only to write the page.
// Finished curves stay in --curves artifacts/headline-result: a run that was stopped continues, and more seeds cost only themselves.
// --encoders pca,contrastive-100 trains that encoder for 100 steps instead of 300.
// --part novelty: distance and copies of one training against the strength of SnippetNovelty, printed.
// --part settings: what each setting changes, into settings.md.
// Long runs: each trains one contestant, one process each, and keeps a model at every stage. After a kill the same command goes on.
//   dotnet run -c Release --project benchmarks/HeadlineResult -- run --runs FOLDER --contestant sit|sit-labels|gmem-ENCODER
//     [--steps 30000 --stages 400,700,... --batch 64 --learning-rate 2e-3 --warm-up 100 --schedule constant|cosine --seed 1 --threads 1]
//     [--patch 4 --width 128 --depth 4 | --preset S --patch 2] [--dropout 0.05 --snippet-dimension 128]
//     [--source centred --source-noise 0.5] (also without run: for all with memory)
//     ENCODER: resnet18, pca, whitened, patches, contrastive, contrastive-N.
// Judging them, as often as you like: samples, features and the judge's classifier are kept in FOLDER. Writes a JSON file a run.
//   dotnet run -c Release --project benchmarks/HeadlineResult -- judge --runs FOLDER
//     [--only PART-OF-NAME --judge classifier|resnet18|random --half report|tuning --samples 2000 --last-samples 5000 --last-from 10000]
//     [--output benchmarks/HeadlineResult/results --save-samples FOLDER --epochs 10 --threads 1]
// Judging the judge: whether its distance orders real images that are spoilt more and more, and SiT's kept samples; what are copies to it.
//   dotnet run -c Release --project benchmarks/HeadlineResult -- ladder --runs FOLDER
//     [--judge classifier|resnet18|random --half report|tuning --samples 2000 --reference 5000 --output FOLDER --save-samples FOLDER]
// Few steps: after `run --flow-map-from STAGE --steps 1000` (the same other arguments as of the run) distance at 1, 2, 4, ... evaluations.
//   dotnet run -c Release --project benchmarks/HeadlineResult -- evaluations --runs FOLDER --only PART-OF-NAME
//     [--counts 1,2,4,8,20 --samples 2000 --judge classifier --half report --output FOLDER --save-samples FOLDER]
// They read the images from --images and --held-out, as above. What the judged runs save against SiT:
//   dotnet run -c Release --project benchmarks/HeadlineResult -- ratios [--output FOLDER --baseline NAME --judge classifier --samples 2000]
using System.Globalization;
using GMem.Runtime;
using HeadlineResult;
using HeadlineResult.Judging;
using HeadlineResult.Runs;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
GMemRuntime.EnsureLoaded();
if (args is ["run", ..])
{
    LongRun.Run(new Arguments(args));
    return 0;
}

if (args is ["judge", ..])
{
    JudgeCommand.Run(new Arguments(args));
    return 0;
}

if (args is ["evaluations", ..])
{
    EvaluationsCommand.Run(new Arguments(args));
    return 0;
}

if (args is ["ladder", ..])
{
    LadderCommand.Run(new Arguments(args));
    return 0;
}

if (args is ["ratios", ..])
{
    RatiosCommand.Run(new Arguments(args));
    return 0;
}

Protocol protocol = Protocol.From(new Arguments(args));
Contestant[] contestants;
try
{
    contestants = [.. Contestant.All(protocol)];
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}

Console.WriteLine(GMemRuntime.Describe());
Console.WriteLine(protocol);
using ImageData data = ImageData.Load(protocol);
using Judge judge = new(data, protocol);
Console.WriteLine($"real images against real ones: {judge.Floor:f3}; copies among images never seen: {judge.CopiesAmongUnseen:p1}");
if (protocol.Part == "novelty")
{
    new SettingsTable(data, judge, protocol).RunNovelty();
}
else if (protocol.Part == "settings")
{
    new SettingsTable(data, judge, protocol).Run();
}
else
{
    CurveStore store = new(protocol);
    Curve[] curves =
    [
        .. contestants
            .Where(contestant => protocol.Only is not { } only || contestant.Name.Contains(only, StringComparison.Ordinal))
            .SelectMany(contestant => Enumerable.Range(1, contestant.OneSeedOnly ? 1 : protocol.Seeds)
                .Select(seed => store.Get(contestant, seed, () => Race.Run(contestant, data, judge, protocol, seed)))),
    ];
    if (protocol.Only is null)
    {
        ResultsPage.Write(protocol, judge, curves);
    }
}

return 0;

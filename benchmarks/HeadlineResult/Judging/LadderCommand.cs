using System.Globalization;
using GMem;
using GMem.Evaluation;
using GMem.Images;
using HeadlineResult.Encoders;
using HeadlineResult.Runs;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>Judges the judge: prints and writes whether it orders images that are known to become worse or better.</summary>
internal sealed class LadderCommand(Arguments arguments, JudgeData data)
{
    private const int CopiedImages = 500;
    private const int Columns = 14;

    private readonly string _runs = arguments.Text("--runs", "artifacts/runs");
    private readonly string _output = arguments.Text("--output", "benchmarks/HeadlineResult/results");
    private readonly string _pictures = arguments.Text("--save-samples", "");
    private readonly TestHalf _half = TestHalf.Of(arguments.Text("--half", "report"));
    private readonly int _count = arguments.Number("--samples", 2000);
    private readonly int _referenceCount = arguments.Number("--reference", 5000);

    public static void Run(Arguments arguments)
    {
        torch.set_num_threads(arguments.Number("--threads", 1));
        using JudgeData data = JudgeData.Load(arguments);
        new LadderCommand(arguments, data).Run();
    }

    private static bool HasCopies(JudgeFeatures features) => features.Key != ResNet18Features.Key;

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private void Run()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using JudgeFeatures features = JudgeFeatures.From(arguments, data);
        torch.Tensor half = _half.Reference(data.Test);
        torch.Tensor reference = features.Of(half.narrow(0, 0, Math.Min(_referenceCount, half.shape[0])));
        string accuracy = features.Accuracy is { } share ? FormattableString.Invariant($", accuracy {100 * share:f1} %") : "";
        Say($"{features.Extractor.Name}{accuracy}; {_count} images a rung, against {reference.shape[0]} of the {_half.Name} half");
        LadderReport report = new(
            features.Extractor.Name,
            features.Accuracy,
            _half.Name,
            reference.shape[0],
            _count,
            [.. Ladders().Select(ladder => Judge(ladder, features, reference))],
            [.. HasCopies(features) ? Copies(features, reference) : []]);
        JudgeFile.Write(_output, $"ladder-{JudgeFeatures.NameFrom(arguments)}", _half, report);
    }

    private IEnumerable<Ladder> Ladders()
    {
        foreach (Ladder ladder in Ladder.OfRealImages(_half.Other(data.Test), _half.Other(data.TestLabels), _count))
        {
            yield return ladder;
        }

        foreach (RunFolder run in RunFolder.All(_runs, arguments.Text("--only", "")).Where(run => run.Plan.Encoder is null))
        {
            int[] steps = [.. run.FinishedStages().Where(step => Directory.Exists(run.SampleFolder(step, "own")))];
            if (steps.Length > 1)
            {
                string[] rungs = [.. steps.Select(step => step.ToString(CultureInfo.InvariantCulture))];
                yield return new Ladder($"{run.Name}, steps", rungs, rung => SamplesOf(run, steps[rung]), MustRise: false);
            }
        }
    }

    private torch.Tensor SamplesOf(RunFolder run, int step)
    {
        Lazy<GMemModel> none = new(() => throw new InvalidOperationException(
            $"{run.Name} has fewer than {_count} samples of step {step}. Judge it first, or ask for fewer with --samples."));
        return Samples.Get(run.SampleFolder(step, "own"), _count, none).Images;
    }

    private JudgedLadder Judge(Ladder ladder, JudgeFeatures features, torch.Tensor reference)
    {
        using FeatureStatistics statistics = FeatureStatistics.Compute(reference, features.Extractor.Name);
        List<double> distances = [];
        List<torch.Tensor> first = [];
        for (int rung = 0; rung < ladder.Strengths.Count; rung++)
        {
            using torch.Tensor images = ladder.Images(rung);
            using torch.Tensor seen = features.Of(images);
            using FeatureStatistics own = FeatureStatistics.Compute(seen, features.Extractor.Name);
            distances.Add(FrechetDistance.Compute(statistics, own));
            first.Add(images.narrow(0, 0, Columns).clone());
        }

        JudgedLadder judged = new(ladder.Name, ladder.MustRise, ladder.Strengths, distances);
        IEnumerable<string> figures = ladder.Strengths.Zip(distances, (s, d) => FormattableString.Invariant($"{s}: {d:g4}"));
        Say($"{(judged.IsOrdered ? "ordered    " : "NOT ordered")}  {ladder.Name}  {string.Join("  ", figures)}");
        SaveGrid(ladder.Name, first);
        return judged;
    }

    /// <summary>A row for each rung.</summary>
    private void SaveGrid(string name, List<torch.Tensor> rows)
    {
        using torch.Tensor all = torch.cat(rows);
        rows.ForEach(row => row.Dispose());
        if (_pictures.Length > 0)
        {
            string file = string.Join('-', name.Split([' ', ',', '/'], StringSplitOptions.RemoveEmptyEntries)) + ".png";
            ImageGrid.Save(Path.Combine(Directory.CreateDirectory(_pictures).FullName, file), all, columns: Columns);
        }
    }

    private IEnumerable<JudgedCopies> Copies(JudgeFeatures features, torch.Tensor reference)
    {
        string cache = Path.Combine(_runs, "features", features.Key, "training");
        using torch.Tensor training = FeatureCache.Get(cache, features.Extractor, data.Training).Features;
        CopyJudge judge = new(training, reference);
        using torch.Generator generator = new(9);
        using torch.Tensor order = torch.randperm(data.Training.shape[0], generator: generator).narrow(0, 0, CopiedImages);
        using torch.Tensor some = data.Training.index_select(0, order);
        using torch.Tensor unseen = _half.Other(data.Test);
        (string Name, Func<torch.Tensor> Images)[] sets =
        [
            ("real images of the other half", unseen.alias),
            ("the same, blurred by 2.5 pixels", () => Degradations.Blur(unseen, 2.5)),
            ("noise", () => Degradations.UniformNoise(CopiedImages)),
            ("the mean image", () => Degradations.Faded(some, 1)),
            ("training images", some.alias),
            ("training images, mirrored", () => some.flip(3)),
            ("training images, moved by one pixel", () => Degradations.Shifted(some, 1)),
            ("training images, mirrored and moved", () => Degradations.Shifted(some.flip(3), 1)),
            ("training images with noise of 4 of 255", () => Degradations.Noise(some, 4)),
            ("training images with noise of 8 of 255", () => Degradations.Noise(some, 8)),
            ("training images, blurred by 0.5 pixels", () => Degradations.Blur(some, 0.5)),
        ];
        foreach ((string name, Func<torch.Tensor> make) in sets)
        {
            using torch.Tensor images = make();
            using torch.Tensor seen = features.Of(images);
            JudgedCopies judged = new(name, judge.Share(seen));
            Say($"copies: {100 * judged.Share:f1} % of {name}");
            yield return judged;
        }
    }
}

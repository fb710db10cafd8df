using System.Globalization;
using GMem.Images;
using HeadlineResult.Runs;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>Judges the kept stages of long runs, and writes their curves and pictures.</summary>
internal sealed class JudgeCommand(Arguments arguments, JudgeData data) : IDisposable
{
    private readonly StageModels _models = new(
        arguments.Text("--runs", "artifacts/runs"), data, TestHalf.Of(arguments.Text("--half", "report")));
    private readonly string _runs = arguments.Text("--runs", "artifacts/runs");
    private readonly string _output = arguments.Text("--output", "benchmarks/HeadlineResult/results");
    private readonly string _judge = JudgeFeatures.NameFrom(arguments);
    private readonly string _pictures = arguments.Text("--save-samples", "");
    private readonly TestHalf _half = TestHalf.Of(arguments.Text("--half", "report"));
    private readonly int _few = arguments.Number("--samples", 2000);
    private readonly int _many = arguments.Number("--last-samples", 5000);
    private readonly int _manyFrom = arguments.Number("--last-from", 10_000);
    public static void Run(Arguments arguments)
    {
        torch.set_num_threads(arguments.Number("--threads", 1));
        using JudgeData data = JudgeData.Load(arguments);
        using JudgeCommand command = new(arguments, data);
        command.Run();
    }

    public void Dispose() => _models.Dispose();

    private void Run()
    {
        using JudgeFeatures features = JudgeFeatures.From(arguments, data);
        using StageJudge judge = new(features, data, _half, _few, Path.Combine(_runs, "features", features.Key));
        JudgeScale scale = judge.Scale;
        Say($"{judge.FeatureName}, against the {_half.Name} half of the test images");
        if (features.Accuracy is { } share)
        {
            Say($"accuracy on test images: {100 * share:f1} %");
        }

        Say($"distance of real images: {scale.Real:f3}; of {_few} of them: {scale.RealFew:f3}");
        Say($"distance of the mean image: {scale.MeanImage:f3}; of noise: {scale.Noise:f3}");
        Say($"copies among real images: {100 * scale.CopiesAmongReal:f1} %, among noise: {100 * scale.CopiesAmongNoise:f1} %");
        foreach (RunFolder run in RunFolder.All(_runs, arguments.Text("--only", "")))
        {
            Judge(run, judge);
        }
    }

    private void Judge(RunFolder run, StageJudge judge)
    {
        List<JudgedStage> stages = [];
        IReadOnlyList<int> steps = run.FinishedStages();
        Dictionary<int, torch.Tensor> first = [];
        double encoderSeconds = run.Plan.Encoder is null ? 0 : _models.SnippetsOf(run.Plan).Seconds;
        foreach (int step in steps)
        {
            int[] counts = step >= _manyFrom ? [_few, _many] : [_few];
            List<StageVerdict> verdicts = [];
            using (Samples own = _models.SamplesOf(run, step, counts[^1], isHeldOut: false))
            {
                verdicts.AddRange(judge.Look(own, "own", counts));
                first[step] = own.Images.narrow(0, 0, Math.Min(12, own.Images.shape[0])).clone();
                SavePictures(run, step, own);
            }

            if (run.Plan.Encoder is not null)
            {
                using Samples heldOut = _models.SamplesOf(run, step, counts[^1], isHeldOut: true);
                verdicts.AddRange(judge.Look(heldOut, "held-out", counts));
            }

            stages.Add(new JudgedStage(step, Math.Round(RunMeter.SecondsUntil(run, step), 1), verdicts));
            foreach (StageVerdict v in verdicts)
            {
                Say($"{run.Name} step {step}, {v.Snippets}, {v.Samples} samples:");
                Say($"  distance {v.Distance:f3}, precision {v.Precision:f3}, recall {v.Recall:f3}, copies {100 * v.Copies:f1} %");
            }
        }

        if (stages.Count > 0)
        {
            JudgedRun judged = new(run.Plan, judge.FeatureName, _half.Name, Samples.Sampler, judge.Scale, encoderSeconds, stages);
            JudgeFile.Write(_output, $"{run.Name}-{_judge}", _half, judged);
            SaveGrid(run, first);
        }
    }

    private void SavePictures(RunFolder run, int step, Samples samples)
    {
        if (_pictures.Length == 0)
        {
            return;
        }

        string folder = Directory.CreateDirectory(Path.Combine(_pictures, run.Name, $"{step:d6}")).FullName;
        IReadOnlyList<RgbImage> images = ImageTensors.FromTensor(samples.Images);
        for (int i = 0; i < images.Count; i++)
        {
            PngWriter.Write(Path.Combine(folder, $"{i + 1:d5}.png"), images[i]);
        }

        using torch.Tensor few = samples.Images.narrow(0, 0, Math.Min(64, samples.Images.shape[0]));
        ImageGrid.Save(Path.Combine(_pictures, run.Name, $"grid-{step:d6}.png"), few);
    }

    /// <summary>A row for each stage, a column for each seed.</summary>
    private void SaveGrid(RunFolder run, Dictionary<int, torch.Tensor> first)
    {
        if (_pictures.Length > 0)
        {
            using torch.Tensor all = torch.cat([.. first.OrderBy(p => p.Key).Select(p => p.Value)]);
            ImageGrid.Save(Path.Combine(_pictures, run.Name, "grid.png"), all, columns: (int)first.Values.First().shape[0]);
        }

        foreach (torch.Tensor images in first.Values)
        {
            images.Dispose();
        }
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

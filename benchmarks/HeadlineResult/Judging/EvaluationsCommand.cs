using System.Globalization;
using GMem;
using GMem.Images;
using GMem.Sampling;
using HeadlineResult.Runs;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>
/// How good the last stage of a run is at few evaluations of its network: by Euler and by Heun, and by its flow map where it has one.
/// </summary>
internal static class EvaluationsCommand
{
    private const int Timed = 64;

    public static void Run(Arguments arguments)
    {
        torch.set_num_threads(arguments.Number("--threads", 1));
        using JudgeData data = JudgeData.Load(arguments);
        string runs = arguments.Text("--runs", "artifacts/runs"), judgeName = JudgeFeatures.NameFrom(arguments);
        string pictures = arguments.Text("--save-samples", "");
        TestHalf half = TestHalf.Of(arguments.Text("--half", "report"));
        int samples = arguments.Number("--samples", 2000);
        int[] counts = [.. arguments.Text("--counts", "1,2,4,8,20").Split(',').Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
        using JudgeFeatures features = JudgeFeatures.From(arguments, data);
        using StageJudge judge = new(features, data, half, samples, Path.Combine(runs, "features", features.Key));
        using StageModels models = new(runs, data, half);
        foreach (RunFolder run in RunFolder.All(runs, arguments.Text("--only", "")).Where(r => r.FinishedStages().Count > 0))
        {
            int stage = arguments.Number("--stage", run.FinishedStages()[^1]);
            List<FewSteps> found = [];
            List<torch.Tensor> first = [];
            foreach ((int count, string name, SamplingOptions sampling) in counts.SelectMany(c => Samplers(c, run.Plan)))
            {
                double seconds = Seconds(models, run, stage, sampling);
                using Samples own = models.SamplesOf(run, stage, samples, isHeldOut: false, (name, sampling));
                first.Add(own.Images.narrow(0, 0, Math.Min(12, samples)).clone());
                StageVerdict verdict = judge.Look(own, "own", [samples]).Single();
                found.Add(new FewSteps(count, name, Math.Round(seconds, 5), verdict));
                Console.WriteLine(FormattableString.Invariant(
                    $"{run.Name} {stage}: {name}, {count} evaluations, {seconds:f4} s an image: distance {verdict.Distance:f2}, ")
                    + FormattableString.Invariant($"copies {verdict.Copies:p1}"));
            }

            JudgeFile.Write(
                arguments.Text("--output", "benchmarks/HeadlineResult/results"), $"evaluations-{run.Name}-{stage}-{judgeName}", half,
                new { run.Plan, Stage = stage, Features = judge.FeatureName, ReferenceHalf = half.Name, judge.Scale, Evaluations = found });
            if (pictures.Length > 0)
            {
                using torch.Tensor all = torch.cat(first);
                ImageGrid.Save(Path.Combine(pictures, $"evaluations-{run.Name}-{stage}.png"), all, columns: (int)first[0].shape[0]);
            }

            first.ForEach(f => f.Dispose());
        }
    }

    private static IEnumerable<(int Count, string Name, SamplingOptions Sampling)> Samplers(int count, RunPlan plan)
    {
        if (plan.FlowMapFrom is not null)
        {
            yield return (count, $"map{count}", new SamplingOptions { Kind = SamplerKind.FlowMap, Steps = count });
        }

        yield return (count, $"euler{count}", new SamplingOptions { OdeMethod = OdeMethod.Euler, Steps = count });
        if (count % 2 == 0)
        {
            yield return (count, $"heun{count / 2}", new SamplingOptions { Steps = count / 2 });
        }
    }

    /// <summary>Processor seconds an image, in a batch.</summary>
    private static double Seconds(StageModels models, RunFolder run, int stage, SamplingOptions sampling)
    {
        List<IDisposable> used = [];
        GMemModel model = models.Load(run, stage, isHeldOut: false, used).WithSampling(sampling);
        used.Add(model);
        GenerationRequest[] requests = [.. Enumerable.Range(1, Timed).Select(seed => new GenerationRequest(seed))];
        _ = model.Generate(requests);
        TimeSpan start = Race.ProcessorTime;
        _ = model.Generate(requests);
        double seconds = (Race.ProcessorTime - start).TotalSeconds / Timed;
        used.ForEach(d => d.Dispose());
        return seconds;
    }

    /// <param name="Evaluations">Of the network, an image.</param>
    /// <param name="Sampler">Kind and steps.</param>
    /// <param name="ProcessorSeconds">Of generating one image in a batch of 64.</param>
    /// <param name="Verdict">The judge's.</param>
    internal sealed record FewSteps(int Evaluations, string Sampler, double ProcessorSeconds, StageVerdict Verdict);
}

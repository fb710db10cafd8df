using System.Text.Json;

namespace HeadlineResult.Judging;

/// <summary>From judged curves: how much of SiT's training each other run needs to be as good, at every one of SiT's budgets.</summary>
internal static class RatiosCommand
{
    public static void Run(Arguments arguments)
    {
        int samples = arguments.Number("--samples", 2000);
        string judge = arguments.Text("--judge", "classifier"), folder = arguments.Text("--output", "benchmarks/HeadlineResult/results");
        JudgedRun[] runs = [.. Directory.GetFiles(folder, $"*-{judge}.json").Order(StringComparer.Ordinal).Select(Read)];
        string name = arguments.Text("--baseline", runs.FirstOrDefault(r => r.Plan.Contestant == "sit")?.Plan.Name ?? "sit");
        JudgedRun baseline = runs.FirstOrDefault(r => r.Plan.Name == name)
            ?? throw new ArgumentException($"There is no judged run '{name}' in '{folder}'.");
        MarkdownPage page = new();
        page.Line($"Baseline {name}; {samples} samples; {baseline.Features}.");
        page.Line($"");
        page.Line($"| run | SiT's step | its distance | step of that distance | ratio | in processor s | copies | ratio from held-out |");
        page.Line($"| --- | --- | --- | --- | --- | --- | --- | --- |");
        Curve sit = baseline.ToCurve("own", samples);
        foreach (JudgedRun run in runs.Where(r => r != baseline))
        {
            Curve own = run.ToCurve("own", samples), heldOut = run.ToCurve("held-out", samples);
            foreach (Stage stage in sit.Stages)
            {
                double distance = stage.Own.Frechet;
                double? step = own.Crosses(distance, s => s.Step), ofHeldOut = heldOut.Crosses(distance, s => s.Step);
                double? inSeconds = stage.Seconds / (run.EncoderSeconds + own.Crosses(distance, s => s.Seconds));
                string copies = FormattableString.Invariant($"{100 * own.Reaches(distance)?.Own.Copies:f1} %");
                FormattableString ratios = $"{stage.Step / step:f2} | {inSeconds:f2} | {copies} | {stage.Step / ofHeldOut:f2}";
                page.Line($"| {run.Plan.Name} | {stage.Step} | {distance:f3} | {step:f0} | {FormattableString.Invariant(ratios)} |");
            }
        }

        Console.WriteLine(page);
    }

    private static JudgedRun Read(string path) =>
        JsonSerializer.Deserialize<JudgedRun>(File.ReadAllText(path)) ?? throw new InvalidDataException($"'{path}' holds no judged run.");
}

using System.Globalization;
using System.Text;
using GMem.Runtime;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using OxyPlot.SkiaSharp;

namespace HeadlineResult;

/// <summary>The results as a page of the documentation, with a picture.</summary>
internal static class ResultsPage
{
    private const string StepsPicture = "headline-result.png";
    private const string SecondsPicture = "headline-seconds.png";

    private static readonly OxyColor[] Colours =
        [OxyColors.Gray, OxyColors.Black, OxyColors.RoyalBlue, OxyColors.OrangeRed, OxyColors.SeaGreen, OxyColors.DarkOrchid, OxyColors.Goldenrod];

    public static void Write(Protocol protocol, Judge judge, IReadOnlyList<Curve> curves)
    {
        string images = Path.Combine(protocol.Output, "images");
        Directory.CreateDirectory(images);
        Export(Plot(judge, curves, "training steps", s => s.Step), Path.Combine(images, StepsPicture));
        Export(Plot(judge, curves, "processor seconds of training", s => s.Seconds), Path.Combine(images, SecondsPicture));
        string text = Text(protocol, judge, curves);
        File.WriteAllText(Path.Combine(protocol.Output, "results.md"), text);
        Console.WriteLine(text);
    }

    /// <summary>Without text shaping, whose native library is not restored on Linux and which Latin letters do not need.</summary>
    private static void Export(PlotModel plot, string path)
    {
        using FileStream file = File.Create(path);
        new PngExporter { Width = 900, Height = 520, UseTextShaping = false }.Export(plot, file);
    }

    private static string Text(Protocol protocol, Judge judge, IReadOnlyList<Curve> curves)
    {
        StringBuilder text = new();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"# What a memory saves, measured");
        Line($"");
        Line($"Written by `dotnet run -c Release --project benchmarks/HeadlineResult -- --seeds {protocol.Seeds}`, pictures included. Fixed beforehand and the same for all: {protocol}, {protocol.TrainingImages:N0} training images.");
        Line($"");
        Line($"- **distance**: Frechet distance of {judge.FeatureName} between {protocol.Samples:N0} generated images and half of the test images. Lower is better; it is not the FID. As many real images of the other half have {judge.Floor:f3}.");
        Line($"- **copies**: share of images nearer to their training image than that image's nearest neighbour is; among real images that were never seen it is {Share(judge.CopiesAmongUnseen)}.");
        Line($"- **held-out**: the same network, given the snippets of test images.");
        Line($"");
        AppendSavings(text, curves);
        AppendBudgets(text, curves);
        Line($"");
        Line($"![Distance against steps](images/{StepsPicture})");
        Line($"");
        Line($"![Distance against processor seconds](images/{SecondsPicture})");
        Line($"");
        Line($"## Every judgement");
        Line($"");
        Line($"| model | seed | step | training, processor s | distance | kernel distance | held-out distance | copies | held-out copies |");
        Line($"| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Curve curve in curves)
        {
            foreach (Stage s in curve.Stages)
            {
                Line($"| {curve.Name} | {curve.Seed} | {s.Step} | {s.Seconds:f0} | {s.Own.Frechet:f3} | {s.Own.Kernel:g3} | {s.HeldOut?.Frechet:f3} | {Share(s.Own.Copies)} | {Share(s.HeldOut?.Copies)} |");
            }
        }

        Line($"");
        Line($"{Machine()}");
        return text.ToString();
    }

    /// <summary>Versions and threads, without the paths of the machine.</summary>
    public static string Machine() => "Machine: " + string.Join("; ", GMemRuntime.Describe().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Where(line => !line.StartsWith("shim", StringComparison.Ordinal))
        .Select(line => string.Join(' ', line.Split(" from ")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)))) + ".";

    private static void AppendSavings(StringBuilder text, IReadOnlyList<Curve> curves)
    {
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"## Steps saved");
        Line($"");
        Line($"Ratio: SiT's last step over the first judged step of GMem at or below SiT's distance there (of the same seed). Between judgements: the same with the step at which the curve, drawn straight on the logarithm of the distance, crosses it. In processor seconds: SiT's whole training over GMem's to that step, fitting the encoder included.");
        Line($"");
        Line($"| model | seed | its last distance, SiT's | reaches SiT's at step | ratio | between judgements | in processor seconds | copies there | ratio from held-out snippets | encoder fitted in, processor s |");
        Line($"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Curve curve in curves.Where(c => c.HasMemory))
        {
            Curve sit = curves.First(c => c.Name == "SiT" && c.Seed == curve.Seed);
            Stage? own = curve.Reaches(sit.Final);
            Line($"| {curve.Name} | {curve.Seed} | {curve.Final:f3}, {sit.Final:f3} | {own?.Step.ToString(CultureInfo.InvariantCulture) ?? "not within the budget"} | {Ratio(sit, own)} | {sit.Stages[^1].Step / curve.Crosses(sit.Final, s => s.Step):f2} | {sit.Stages[^1].Seconds / (curve.EncoderSeconds + curve.Crosses(sit.Final, s => s.Seconds)):f2} | {Share(own?.Own.Copies)} | {Ratio(sit, curve.ReachesHeldOut(sit.Final))} | {curve.EncoderSeconds:f0} |");
        }
    }

    /// <summary>What the ratio would have been had SiT's training ended at each of its judgements.</summary>
    private static void AppendBudgets(StringBuilder text, IReadOnlyList<Curve> curves)
    {
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"");
        Line($"How the ratio (between judgements) changes with the budget: SiT's step over the step at which GMem has the distance that SiT has there.");
        Line($"");
        int[] steps = [.. curves.First(c => c.Name == "SiT").Stages.Select(s => s.Step).Skip(1)];
        Line($"| model | seed | {string.Join(" | ", steps.Select(s => $"SiT at {s}"))} |");
        Line($"| --- | --- |{string.Concat(steps.Select(_ => " --- |"))}");
        foreach (Curve curve in curves.Where(c => c.HasMemory))
        {
            Curve sit = curves.First(c => c.Name == "SiT" && c.Seed == curve.Seed);
            IEnumerable<string> ratios = sit.Stages.Where(s => steps.Contains(s.Step)).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Step / curve.Crosses(s.Own.Frechet, c => c.Step):f2}"));
            Line($"| {curve.Name} | {curve.Seed} | {string.Join(" | ", ratios)} |");
        }
    }

    private static string Share(double? share) => share is { } value ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:f1} %") : "";

    private static string Ratio(Curve sit, Stage? reached) => reached is null ? "below 1" : string.Create(CultureInfo.InvariantCulture, $"{(double)sit.Stages[^1].Step / reached.Step:f2}");

    private static PlotModel Plot(Judge judge, IReadOnlyList<Curve> curves, string what, Func<Stage, double> position)
    {
        PlotModel plot = new() { Background = OxyColors.White, Title = $"Distance against {what} (lower is better)", TitleFontSize = 14 };
        plot.Axes.Add(new LogarithmicAxis { Position = AxisPosition.Bottom, Title = what });
        plot.Axes.Add(new LogarithmicAxis { Position = AxisPosition.Left, Title = $"Frechet distance, {judge.FeatureName}" });
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop });
        string[] names = [.. curves.Select(c => c.Name).Distinct()];
        foreach (Curve curve in curves)
        {
            LineSeries line = new()
            {
                Title = curve.Seed == 1 ? curve.Name : null,
                Color = Colours[Array.IndexOf(names, curve.Name) % Colours.Length],
                MarkerType = MarkerType.Circle,
                MarkerSize = 3,
            };
            line.Points.AddRange(curve.Stages.Select(s => new DataPoint(position(s), s.Own.Frechet)));
            plot.Series.Add(line);
        }

        return plot;
    }
}

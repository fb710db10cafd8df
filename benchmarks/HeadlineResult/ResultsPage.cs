using System.Globalization;
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
        [OxyColors.Gray,
            OxyColors.Black, OxyColors.RoyalBlue, OxyColors.OrangeRed, OxyColors.SeaGreen, OxyColors.DarkOrchid, OxyColors.Goldenrod];

    public static void Write(Protocol protocol, Judge judge, IReadOnlyList<Curve> curves)
    {
        string images = Path.Combine(protocol.Output, "images");
        Directory.CreateDirectory(images);
        Export(Plot(judge, curves, "training steps", s => s.Step), Path.Combine(images, StepsPicture));
        Export(Plot(judge, curves, "processor seconds of training", s => s.Seconds), Path.Combine(images, SecondsPicture));
        MarkdownPage page = Text(protocol, judge, curves);
        page.Write(Path.Combine(protocol.Output, "results.md"));
        Console.WriteLine(page);
    }

    /// <summary>Without text shaping, whose native library is not restored on Linux and which Latin letters do not need.</summary>
    private static void Export(PlotModel plot, string path)
    {
        using FileStream file = File.Create(path);
        new PngExporter { Width = 900, Height = 520, UseTextShaping = false }.Export(plot, file);
    }

    private static MarkdownPage Text(Protocol protocol, Judge judge, IReadOnlyList<Curve> curves)
    {
        MarkdownPage page = new();
        page.Line($"# What a memory saves, measured");
        page.Line($"");
        page.Line(
            $"Written by `dotnet run -c Release --project benchmarks/HeadlineResult -- --seeds {protocol.Seeds}`, pictures ",
            $"included. Fixed beforehand and the same for all: {protocol}, {protocol.TrainingImages:N0} training images.");
        page.Line($"");
        page.Line(
            $"- **distance**: Frechet distance of {judge.FeatureName} between {protocol.Samples:N0} generated images and half of ",
            $"the test images. Lower is better; it is not the FID. As many real images of the other half have {judge.Floor:f3}.");
        page.Line(
            $"- **copies**: share of images nearer to their training image than that image's nearest neighbour is; among real ",
            $"images that were never seen it is {Share(judge.CopiesAmongUnseen)}.");
        page.Line($"- **held-out**: the same network, given the snippets of test images.");
        page.Line($"");
        AppendSavings(page, curves);
        AppendBudgets(page, curves);
        page.Line($"");
        page.Line($"![Distance against steps](images/{StepsPicture})");
        page.Line($"");
        page.Line($"![Distance against processor seconds](images/{SecondsPicture})");
        page.Line($"");
        page.Line($"## Every judgement");
        page.Line($"");
        page.Line(
            $"| model | seed | step | training, processor s | distance | kernel distance | held-out distance | copies | held-out copies |");
        page.Line($"| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Curve curve in curves)
        {
            foreach (Stage s in curve.Stages)
            {
                page.Line(
                    $"| {curve.Name} | {curve.Seed} | {s.Step} | {s.Seconds:f0} | {s.Own.Frechet:f3} | {s.Own.Kernel:g3} | ",
                    $"{s.HeldOut?.Frechet:f3} | {Share(s.Own.Copies)} | {Share(s.HeldOut?.Copies)} |");
            }
        }

        page.Line($"");
        page.Line($"{MarkdownPage.Machine()}");
        return page;
    }

    private static void AppendSavings(MarkdownPage page, IReadOnlyList<Curve> curves)
    {
        page.Line($"## Steps saved");
        page.Line($"");
        page.Line(
            $"Ratio: SiT's last step over the first judged step of GMem at or below SiT's distance there (of the same seed). ",
            $"Between judgements: the same with the step at which the curve, drawn straight on the logarithm of the distance, crosses ",
            $"it. In processor seconds: SiT's whole training over GMem's to that step, fitting the encoder included.");
        page.Line($"");
        page.Line(
            $"| model | seed | its last distance, SiT's | reaches SiT's at step | ratio | between judgements | in processor ",
            $"seconds | copies there | ratio from held-out snippets | encoder fitted in, processor s |");
        page.Line($"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Curve curve in curves.Where(c => c.HasMemory))
        {
            Curve sit = SitOf(curves, curve.Seed);
            Stage? own = curve.Reaches(sit.Final);
            page.Line(
                $"| {curve.Name} | {curve.Seed} | {curve.Final:f3}, {sit.Final:f3} | ",
                $"{own?.Step.ToString(CultureInfo.InvariantCulture) ?? "not within the budget"} | {Ratio(sit, own)} | ",
                $"{sit.Stages[^1].Step / curve.Crosses(sit.Final, s => s.Step):f2} | ",
                $"{sit.Stages[^1].Seconds / (curve.EncoderSeconds + curve.Crosses(sit.Final, s => s.Seconds)):f2} | ",
                $"{Share(own?.Own.Copies)} | {Ratio(sit, curve.ReachesHeldOut(sit.Final))} | {curve.EncoderSeconds:f0} |");
        }
    }

    /// <summary>What the ratio would have been had SiT's training ended at each of its judgements.</summary>
    private static void AppendBudgets(MarkdownPage page, IReadOnlyList<Curve> curves)
    {
        page.Line($"");
        page.Line(
            $"How the ratio (between judgements) changes with the budget: SiT's step over the step at which GMem has the distance ",
            $"that SiT has there.");
        page.Line($"");
        int[] steps = [.. SitOf(curves, seed: 1).Stages.Select(s => s.Step).Skip(1)];
        page.Line($"| model | seed | {string.Join(" | ", steps.Select(s => $"SiT at {s}"))} |");
        page.Line($"| --- | --- |{string.Concat(steps.Select(_ => " --- |"))}");
        foreach (Curve curve in curves.Where(c => c.HasMemory))
        {
            Curve sit = SitOf(curves, curve.Seed);
            IEnumerable<string> ratios = sit.Stages.Where(s => steps.Contains(s.Step))
                .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Step / curve.Crosses(s.Own.Frechet, c => c.Step):f2}"));
            page.Line($"| {curve.Name} | {curve.Seed} | {string.Join(" | ", ratios)} |");
        }
    }

    private static Curve SitOf(IReadOnlyList<Curve> curves, int seed) => curves.First(c => c.Name == "SiT" && c.Seed == seed);

    private static string Share(double? share) =>
        share is { } value ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:f1} %") : "";

    private static string Ratio(Curve sit, Stage? reached) =>
        reached is null ? "below 1" : string.Create(CultureInfo.InvariantCulture, $"{(double)sit.Stages[^1].Step / reached.Step:f2}");

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

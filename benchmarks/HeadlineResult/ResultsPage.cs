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
    private const string Picture = "headline-result.png";

    public static void Write(Protocol protocol, Judge judge, IReadOnlyList<Curve> curves)
    {
        string images = Path.Combine(protocol.Output, "images");
        Directory.CreateDirectory(images);
        PngExporter.Export(Plot(judge, curves), Path.Combine(images, Picture), 900, 520);
        string text = Text(protocol, judge, curves);
        File.WriteAllText(Path.Combine(protocol.Output, "results.md"), text);
        Console.WriteLine(text);
    }

    private static string Text(Protocol protocol, Judge judge, IReadOnlyList<Curve> curves)
    {
        StringBuilder text = new();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"# What a memory saves, measured");
        Line($"");
        Line($"Printed by `dotnet run -c Release --project benchmarks/HeadlineResult`, which also drew the picture. Everything here was fixed beforehand and is the same for all: {protocol}.");
        Line($"Distance: Frechet distance of {judge.FeatureName} between {protocol.Samples:N0} generated images and half of the test images (lower is better; it is not the FID). As many real images of the other half have {judge.Floor:f3}.");
        Line($"Copies: share of images nearer to their training image than that image's nearest neighbour is; among real images that were never seen it is {judge.CopiesAmongUnseen:p1}. Held-out: the same network, given the snippets of test images.");
        Line($"");
        Line($"![Distance against steps](images/{Picture})");
        Line($"");
        Line($"| model | seed | step | training, s | distance | kernel distance | held-out distance | copies | held-out copies |");
        Line($"| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Curve curve in curves)
        {
            foreach (Stage s in curve.Stages)
            {
                Line($"| {curve.Name} | {curve.Seed} | {s.Step} | {s.Seconds:f0} | {s.Own.Frechet:f3} | {s.Own.Kernel:g3} | {(s.HeldOut is { } h ? h.Frechet.ToString("f3", CultureInfo.InvariantCulture) : "")} | {s.Own.Copies:p1} | {(s.HeldOut is { } c ? c.Copies.ToString("p1", CultureInfo.InvariantCulture) : "")} |");
            }
        }

        Line($"");
        Line($"## Steps saved");
        Line($"");
        Line($"The steps that SiT takes to its final distance, over the first judged step of GMem at or below it.");
        Line($"");
        Line($"| model | seed | reaches SiT's final distance at step | ratio | copies there | from held-out snippets | encoder fitted in, s |");
        Line($"| --- | --- | --- | --- | --- | --- | --- |");
        foreach (Curve curve in curves.Where(c => c.HasMemory))
        {
            Curve sit = curves.First(c => c.Name == "SiT" && c.Seed == curve.Seed);
            Stage? own = curve.Reaches(sit.Final);
            Stage? heldOut = curve.ReachesHeldOut(sit.Final);
            int steps = sit.Stages[^1].Step;
            Line($"| {curve.Name} | {curve.Seed} | {(own is null ? "not within the budget" : own.Step)} | {(own is null ? "" : Ratio(steps, own.Step))} | {(own is null ? "" : own.Own.Copies.ToString("p1", CultureInfo.InvariantCulture))} | {(heldOut is null ? "not within the budget" : $"step {heldOut.Step}, {Ratio(steps, heldOut.Step)}")} | {curve.EncoderSeconds:f0} |");
        }

        Line($"");
        Line($"Machine: {GMemRuntime.Describe().ReplaceLineEndings("; ").Replace("  ", " ", StringComparison.Ordinal)}");
        return text.ToString();
    }

    private static string Ratio(int steps, int step) => string.Create(CultureInfo.InvariantCulture, $"{(double)steps / step:f1} x");

    private static PlotModel Plot(Judge judge, IReadOnlyList<Curve> curves)
    {
        PlotModel plot = new() { Background = OxyColors.White, Title = "Distance against training steps (lower is better)", TitleFontSize = 14 };
        plot.Axes.Add(new LogarithmicAxis { Position = AxisPosition.Bottom, Title = "steps" });
        plot.Axes.Add(new LogarithmicAxis { Position = AxisPosition.Left, Title = $"Frechet distance, {judge.FeatureName}" });
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop });
        foreach (Curve curve in curves)
        {
            LineSeries line = new() { Title = curve.Seed == 1 ? curve.Name : null, MarkerType = MarkerType.Circle, MarkerSize = 3 };
            line.Points.AddRange(curve.Stages.Select(s => new DataPoint(s.Step, s.Own.Frechet)));
            plot.Series.Add(line);
        }

        return plot;
    }
}

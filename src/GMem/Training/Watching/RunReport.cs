using System.Net;
using System.Text;
using GMem.FileFormats;

namespace GMem.Training;

/// <summary><c>report.html</c> of a run: one page that needs no other file and no network.</summary>
internal sealed class RunReport(string path, MetricsFile metrics, string gridFolder)
{
    public const string Name = "report.html";

    private const int MostGrids = 12;

    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1180px; margin: 2em auto; padding: 0 1em; }
        h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid #ddd; }
        table { border-collapse: collapse; } td, th { padding: .15em 1em .15em 0; text-align: left; vertical-align: top; }
        td { white-space: pre-line; overflow-wrap: anywhere; }
        .flow { display: flex; flex-wrap: wrap; gap: 1em; } figure { margin: 0; } figcaption { color: #666; font-size: .85em; }
        img { max-width: 270px; image-rendering: pixelated; } svg { max-width: 100%; }
        .warning { color: #a40000; } .options { columns: 2; font-size: .85em; }
        """;

    /// <param name="summary">Steps, machine and data of the run, by name.</param>
    /// <param name="options">All options, by name.</param>
    /// <param name="timeShares">Parts of a step and their share of the time.</param>
    /// <param name="messages">The messages of the run.</param>
    public void Write(
        IReadOnlyList<(string Name, string Value)> summary,
        IReadOnlyDictionary<string, string> options,
        IReadOnlyList<(string Name, string Value)> timeShares,
        IReadOnlyList<TrainingMessage> messages)
    {
        StringBuilder page = new();
        _ = page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>GMem training run</title><style>")
            .Append(Style)
            .Append("</style></head><body><h1>GMem training run</h1>");
        Table(page, summary);
        Curves(page);
        Grids(page);
        Messages(page, messages);
        _ = page.Append("<h2>Where the time went</h2>");
        Table(page, timeShares);
        _ = page.Append("<h2>Options and data</h2><div class=\"options\">");
        Table(page, [.. options.Select(o => (o.Key, o.Value))]);
        _ = page.Append("</div></body></html>");
        byte[] bytes = Encoding.UTF8.GetBytes(page.ToString());
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    private void Curves(StringBuilder page)
    {
        _ = page.Append("<h2>Curves</h2><div class=\"flow\">");
        string?[] plots =
        [
            CurvePlot.Svg("Loss", ("training", metrics.Read("loss")), ("validation", metrics.Read("validation_loss"))),
            CurvePlot.Svg("Terms of the loss", Terms("")),
            CurvePlot.Svg("Terms of the validation loss", Terms("validation_")),
            CurvePlot.Svg("Frechet distance to held-out pictures", ("distance", metrics.Read("frechet_distance"))),
            CurvePlot.Svg("Share of copies", ("copies", metrics.Read("copy_share"))),
            CurvePlot.Svg("Probability of augmentation", ("probability", metrics.Read("augmentation_probability"))),
            CurvePlot.Svg("Gradient norm before clipping", ("norm", metrics.Read("gradient_norm"))),
            CurvePlot.Svg("Learning rate", ("rate", metrics.Read("learning_rate"))),
            CurvePlot.Svg("Images per second", ("speed", metrics.Read("images_per_second"))),
            CurvePlot.Svg("Resident memory, MB", ("memory", [.. metrics.Read("resident_bytes").Select(p => (p.Step, p.Value / 1e6))])),
        ];
        foreach (string plot in plots.OfType<string>())
        {
            _ = page.Append("<figure>").Append(plot).Append("</figure>");
        }

        _ = page.Append("</div>");
    }

    private (string Name, IReadOnlyList<(double Step, double Value)> Points)[] Terms(string prefix) =>
        [.. metrics.Terms.Select(name => (name, metrics.Read($"{prefix}{name}_loss")))];

    private void Grids(StringBuilder page)
    {
        IReadOnlyList<(long Step, string Path)> grids = SampleGrids.In(gridFolder);
        if (grids.Count == 0)
        {
            return;
        }

        _ = page.Append("<h2>Samples of the averaged weights, the same seeds each time</h2><div class=\"flow\">");
        int shown = Math.Min(MostGrids, grids.Count);
        for (int i = 0; i < shown; i++)
        {
            (long step, string file) = grids[shown == 1 ? 0 : (int)((long)i * (grids.Count - 1) / (shown - 1))];
            _ = page.Append("<figure><img alt=\"samples\" src=\"data:image/png;base64,")
                .Append(Convert.ToBase64String(File.ReadAllBytes(file)))
                .Append(CultureInfo.InvariantCulture, $"\"><figcaption>step {step}</figcaption></figure>");
        }

        _ = page.Append("</div>");
    }

    private static void Messages(StringBuilder page, IReadOnlyList<TrainingMessage> messages)
    {
        TrainingMessage[] told = [.. messages.Where(m => m.Level != TrainingMessageLevel.Trace)];
        if (told.Length == 0)
        {
            return;
        }

        _ = page.Append("<h2>Messages</h2><ul>");
        foreach (TrainingMessage message in told)
        {
            _ = page.Append(message.Level == TrainingMessageLevel.Warning ? "<li class=\"warning\">" : "<li>")
                .Append(WebUtility.HtmlEncode(message.Text)).Append("</li>");
        }

        _ = page.Append("</ul>");
    }

    private static void Table(StringBuilder page, IReadOnlyList<(string Name, string Value)> rows)
    {
        _ = page.Append("<table>");
        foreach ((string name, string value) in rows)
        {
            _ = page.Append("<tr><th>").Append(WebUtility.HtmlEncode(name)).Append("</th><td>")
                .Append(WebUtility.HtmlEncode(value)).Append("</td></tr>");
        }

        _ = page.Append("</table>");
    }
}

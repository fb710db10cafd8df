using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace GMem.Training;

/// <summary>Curves over the steps as an SVG element.</summary>
internal static class CurvePlot
{
    private const int Width = 560;
    private const int Height = 300;
    private const int MostPoints = 1000;

    private static readonly OxyColor[] Colors =
        [OxyColor.FromRgb(0x1f, 0x6f, 0xb4), OxyColor.FromRgb(0xd1, 0x5b, 0x0f), OxyColor.FromRgb(0x2c, 0x8a, 0x4b)];

    /// <param name="title">Above the plot.</param>
    /// <param name="curves">Names and points; those without a point are left out.</param>
    /// <returns>The element, or null if there is no point at all.</returns>
    public static string? Svg(string title, params (string Name, IReadOnlyList<(double Step, double Value)> Points)[] curves)
    {
        (string Name, IReadOnlyList<(double Step, double Value)> Points)[] drawn = [.. curves.Where(c => c.Points.Count > 0)];
        if (drawn.Length == 0)
        {
            return null;
        }

        PlotModel model = new() { Title = title, TitleFontSize = 13, PlotAreaBorderColor = OxyColors.Gray, Background = OxyColors.White };
        model.Axes.Add(Axis(AxisPosition.Bottom, "step"));
        model.Axes.Add(Axis(AxisPosition.Left, null));
        if (drawn.Length > 1)
        {
            model.Legends.Add(new OxyPlot.Legends.Legend { LegendPosition = OxyPlot.Legends.LegendPosition.RightTop });
        }

        for (int i = 0; i < drawn.Length; i++)
        {
            LineSeries line = new() { Title = drawn[i].Name, Color = Colors[i % Colors.Length], StrokeThickness = 1.5 };
            if (drawn[i].Points.Count == 1)
            {
                line.MarkerType = MarkerType.Circle;
            }

            line.Points.AddRange(Thinned(drawn[i].Points).Select(p => new DataPoint(p.Step, p.Value)));
            model.Series.Add(line);
        }

        SvgExporter exporter = new() { Width = Width, Height = Height, IsDocument = false, UseVerticalTextAlignmentWorkaround = true };
        string svg = exporter.ExportToString(model);

        // Every plot calls its clipping area the same, and on one page a name means one thing.
        string prefix = string.Concat(title.Where(char.IsAsciiLetter));
        return svg.Replace("id=\"", $"id=\"{prefix}-", StringComparison.Ordinal)
            .Replace("url(#", $"url(#{prefix}-", StringComparison.Ordinal);
    }

    private static LinearAxis Axis(AxisPosition position, string? title) => new()
    {
        Position = position,
        Title = title,
        MajorGridlineStyle = LineStyle.Dot,
        MajorGridlineColor = OxyColors.LightGray,
    };

    /// <summary>No more points than can be told apart; the last one always.</summary>
    private static IEnumerable<(double Step, double Value)> Thinned(IReadOnlyList<(double Step, double Value)> points)
    {
        int every = Math.Max(1, points.Count / MostPoints);
        return points.Where((_, i) => i % every == 0 || i == points.Count - 1);
    }
}

using System.Globalization;

namespace GMem.Training.Watching;

/// <summary><c>metrics.csv</c> of a run: a line a report. A run that goes back or is continued drops the lines of the steps that it does again.</summary>
internal sealed class MetricsFile(string path)
{
    public const string Name = "metrics.csv";

    private static readonly (string Name, Func<TrainingProgress, double?> Value)[] Columns =
    [
        ("step", p => p.Step),
        ("epoch", p => p.Epoch),
        ("loss", p => p.Loss),
        ("data_loss", p => p.DataLoss),
        ("cosine_loss", p => p.CosineLoss),
        ("projection_loss", p => p.ProjectionLoss),
        ("validation_loss", p => p.ValidationLoss),
        ("gradient_norm", p => p.GradientNorm),
        ("learning_rate", p => p.LearningRate),
        ("images_per_second", p => p.ImagesPerSecond),
        ("skipped_steps", p => p.SkippedSteps),
        ("resident_bytes", p => p.ResidentMemory),
        ("own_cost", p => p.OwnCost),
    ];

    /// <summary>Drops the lines after a step; the file is there afterwards, with its header.</summary>
    public void ReturnTo(long step)
    {
        List<string> lines = [string.Join(',', Columns.Select(c => c.Name))];
        if (File.Exists(path))
        {
            // A killed process may have left half a line, which has no number before a comma or too few fields.
            lines.AddRange(File.ReadLines(path).Skip(1).Where(l => l.Count(c => c == ',') == Columns.Length - 1
                && long.TryParse(l[..l.IndexOf(',', StringComparison.Ordinal)], CultureInfo.InvariantCulture, out long s) && s <= step));
        }

        File.WriteAllLines(path, lines);
    }

    public void Add(TrainingProgress progress) => File.AppendAllText(
        path, string.Join(',', Columns.Select(c => c.Value(progress)?.ToString(CultureInfo.InvariantCulture) ?? "")) + Environment.NewLine);

    /// <returns>A column's values and their steps, where it has any.</returns>
    public IReadOnlyList<(double Step, double Value)> Read(string column)
    {
        int index = Array.FindIndex(Columns, c => c.Name == column);
        List<(double Step, double Value)> values = [];
        foreach (string[] fields in File.ReadLines(path).Skip(1).Select(l => l.Split(',')))
        {
            if (double.TryParse(fields[index], CultureInfo.InvariantCulture, out double value) && double.IsFinite(value))
            {
                values.Add((double.Parse(fields[0], CultureInfo.InvariantCulture), value));
            }
        }

        return values;
    }
}

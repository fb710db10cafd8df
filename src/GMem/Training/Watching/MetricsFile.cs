namespace GMem.Training;

/// <summary>
/// <c>metrics.csv</c> of a run: one line for each report. A run that returns to a checkpoint or is continued drops the lines of the steps
/// that it repeats.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="terms">The names of the loss terms.</param>
internal sealed class MetricsFile(string path, IReadOnlyList<string> terms)
{
    public const string Name = "metrics.csv";

    private readonly (string Name, Func<TrainingProgress, double?> Value)[] _columns =
    [
        ("step", p => p.Step),
        ("epoch", p => p.Epoch),
        ("loss", p => p.Loss),
        .. terms.Select(t => ($"{t}_loss", (Func<TrainingProgress, double?>)(p => p.LossOf(t)))),
        ("validation_loss", p => p.ValidationLoss),
        .. terms.Select(t => ($"validation_{t}_loss", (Func<TrainingProgress, double?>)(p => p.ValidationLossOf(t)))),
        ("frechet_distance", p => p.Quality?.FrechetDistance),
        ("copy_share", p => p.Quality?.CopyShare),
        ("quality_seconds", p => p.Quality?.Seconds),
        ("augmentation_probability", p => p.AugmentationProbability),
        ("gradient_norm", p => p.GradientNorm),
        ("learning_rate", p => p.LearningRate),
        ("images_per_second", p => p.ImagesPerSecond),
        ("skipped_steps", p => p.SkippedSteps),
        ("resident_bytes", p => p.ResidentMemory),
        ("own_cost", p => p.OwnCost),
    ];

    /// <summary>The names of the loss terms.</summary>
    public IReadOnlyList<string> Terms => terms;

    /// <summary>
    /// Drops the lines after a step; the file exists afterwards, with its header. A file with other columns, of another version or a user's
    /// own, is kept beside it as <c>metrics.1.csv</c>, or the first number that is free.
    /// </summary>
    public void ReturnTo(long step)
    {
        List<string> lines = [string.Join(',', _columns.Select(c => c.Name))];
        if (File.Exists(path) && File.ReadLines(path).FirstOrDefault() != lines[0])
        {
            IEnumerable<string> names = Enumerable.Range(1, int.MaxValue).Select(i => Path.ChangeExtension(path, $"{i}.csv"));
            File.Move(path, names.First(name => !Path.Exists(name)));
        }

        if (File.Exists(path))
        {
            // A killed process may have left half a line, which has no number before a comma or too few fields.
            lines.AddRange(File.ReadLines(path).Skip(1).Where(l => l.Count(c => c == ',') == _columns.Length - 1
                && long.TryParse(l[..l.IndexOf(',', StringComparison.Ordinal)], CultureInfo.InvariantCulture, out long s) && s <= step));
        }

        File.WriteAllLines(path, lines);
    }

    public void Add(TrainingProgress progress) => File.AppendAllText(
        path,
        string.Join(',', _columns.Select(c => c.Value(progress)?.ToString(CultureInfo.InvariantCulture) ?? "")) + Environment.NewLine);

    /// <returns>A column's values and their steps, where it has any.</returns>
    public IReadOnlyList<(double Step, double Value)> Read(string column)
    {
        int index = Array.FindIndex(_columns, c => c.Name == column);
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

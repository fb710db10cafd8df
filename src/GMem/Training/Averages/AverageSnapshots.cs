using GMem.FileFormats;

namespace GMem.Training;

/// <summary>
/// Snapshots of the power-function averages of a run, <c>averages/step-00001000.safetensors</c> and so on, from which other widths are put
/// together.
/// </summary>
/// <param name="workspace">The folder of the run.</param>
/// <param name="options">Which widths, and how often.</param>
/// <param name="messages">Told what cannot be written.</param>
/// <param name="isWriter">Whether this rank writes the files; the others give what they have.</param>
internal sealed class AverageSnapshots(string workspace, TrainingOptions options, TrainingMessages messages, bool isWriter = true)
{
    private const string FolderName = "averages";
    private const string Prefix = "step-";
    private const string ParametersKey = "parameters";

    public void SaveIfDue(TrainingState state)
    {
        bool isDue = state.Step % options.AverageSnapshotEveryNStep == 0 || state.Step == options.TotalSteps;
        if (options.PowerAverageWidths.Count == 0 || !isDue)
        {
            return;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor[] whole = [.. state.PowerAverages.Tensors.Select(state.Whole)];
        if (!isWriter)
        {
            return;
        }

        string folder = Path.Combine(workspace, FolderName);
        try
        {
            _ = Directory.CreateDirectory(folder);
            IEnumerable<KeyValuePair<string, torch.Tensor>> averages = options.PowerAverageWidths.Zip(
                whole, (width, tensor) => KeyValuePair.Create(width.ToString(CultureInfo.InvariantCulture), tensor));
            SafetensorsWriter.Write(
                Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step:D8}.safetensors")), averages,
                new Dictionary<string, string> { [ParametersKey] = string.Join(' ', state.Parameters.Names) });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            messages.Warn($"The snapshot of the averages at step {state.Step} could not be written: {e.Message} Training goes on.");
        }
    }

    /// <returns>The names of the parameters in a snapshot; null where it is of a time when all were.</returns>
    public static IReadOnlySet<string>? ParametersOf(SafetensorsFile snapshot) =>
        snapshot.Metadata.TryGetValue(ParametersKey, out string? names) ? names.Split(' ').ToHashSet(StringComparer.Ordinal) : null;

    /// <returns>The snapshots of a workspace up to a step, by step.</returns>
    public static IReadOnlyList<(long Step, string Path)> In(string workspace, long lastStep)
    {
        string folder = Path.Combine(workspace, FolderName);
        return !Directory.Exists(folder) ? [] :
        [
            .. Directory.GetFiles(folder, $"{Prefix}*.safetensors")
                .Select(
                    path => (Step: long.Parse(Path.GetFileNameWithoutExtension(path)[Prefix.Length..], CultureInfo.InvariantCulture), path))
                .Where(s => s.Step <= lastStep).OrderBy(s => s.Step),
        ];
    }
}

using GMem.FileFormats;

namespace GMem.Training;

/// <summary>
/// Snapshots of the power-function averages of a run, <c>averages/step-00001000.safetensors</c> and so on, from which other widths are put
/// together.
/// </summary>
internal sealed class AverageSnapshots(string workspace, TrainingOptions options, TrainingMessages messages)
{
    private const string FolderName = "averages";
    private const string Prefix = "step-";

    public void SaveIfDue(TrainingState state)
    {
        bool isDue = state.Step % options.AverageSnapshotEveryNStep == 0 || state.Step == options.TotalSteps;
        if (options.PowerAverageWidths.Count == 0 || !isDue)
        {
            return;
        }

        string folder = Path.Combine(workspace, FolderName);
        try
        {
            _ = Directory.CreateDirectory(folder);
            IEnumerable<KeyValuePair<string, torch.Tensor>> averages = options.PowerAverageWidths.Zip(
                state.PowerAverages.Tensors,
                (width, tensor) => KeyValuePair.Create(width.ToString(CultureInfo.InvariantCulture), tensor));
            SafetensorsWriter.Write(
                Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step:D8}.safetensors")), averages);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            messages.Warn($"The snapshot of the averages at step {state.Step} could not be written: {e.Message} Training goes on.");
        }
    }

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

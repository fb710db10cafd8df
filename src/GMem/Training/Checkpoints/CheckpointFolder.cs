using GMem.FileFormats;
using GMem.Images;

namespace GMem.Training;

/// <summary>
/// The checkpoints of a run in its workspace, <c>checkpoints/step-00001000.safetensors</c> and so on; the newest few are kept.
/// </summary>
internal sealed class CheckpointFolder : ICheckpointStore
{
    private const string FolderName = FolderWalk.WorkspaceCheckpoints;
    private const string Prefix = "step-";
    private const string Extension = ".safetensors";
    private const string DamagedExtension = ".damaged";

    private readonly string _folder;
    private readonly IReadOnlyDictionary<string, string> _run;
    private readonly int _kept;
    private readonly TrainingMessages _messages;
    private readonly Action<string, Action<Stream>> _write;

    /// <param name="workspace">The run's folder.</param>
    /// <param name="run">What decides the run's numbers, by name.</param>
    /// <param name="kept">How many are kept.</param>
    /// <param name="messages">Told what happens.</param>
    /// <param name="write">Writes a file so that its name never stands for half of it; null for the disk.</param>
    public CheckpointFolder(
        string workspace,
        IReadOnlyDictionary<string, string> run,
        int kept,
        TrainingMessages messages,
        Action<string, Action<Stream>>? write = null)
    {
        _folder = Path.Combine(workspace, FolderName);
        _run = run;
        _kept = kept;
        _messages = messages;
        _write = write ?? AtomicFile.Write;
        _ = Directory.CreateDirectory(_folder);
        foreach (string leftOver in Directory.EnumerateFiles(_folder, $"{Prefix}*.tmp"))
        {
            // Of a process that was killed while it wrote.
            File.Delete(leftOver);
        }
    }

    /// <summary>The description of the run whose checkpoints are in a workspace; null where there are none that can be read.</summary>
    public static IReadOnlyDictionary<string, string>? NewestRun(string workspace)
    {
        return Newest(Path.Combine(workspace, FolderName)).Select(CheckpointFile.TryReadRun).FirstOrDefault(run => run is not null);
    }

    public bool Save(TrainingState state) => Save(new StateSnapshot(state.Numbers, state.Tensors));

    /// <summary>Keeps a state.</summary>
    /// <returns>Whether it is kept.</returns>
    public bool Save(StateSnapshot state)
    {
        long step = state.Numbers.Step;
        string path = PathOf(step);
        try
        {
            _write(path, stream => CheckpointFile.Write(stream, state, _run));
            Prune();
            _messages.Trace($"Checkpoint '{path}' written.");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string kept = Newest().FirstOrDefault() is { } last
                ? $"the newest one is still '{Path.GetFileName(last)}'"
                : "there is none yet";
            _messages.Warn($"The checkpoint of step {step} could not be written: {e.Message} Training goes on; {kept}.");
            return false;
        }
    }

    public bool TryRestore(TrainingState state)
    {
        using LoadedCheckpoint? checkpoint = TryLoad(state);
        checkpoint?.CopyTo(state);
        return checkpoint is not null;
    }

    /// <summary>Reads the newest whole checkpoint.</summary>
    /// <param name="state">What it is for, whose shapes it must have.</param>
    /// <returns>Null if there is none.</returns>
    public LoadedCheckpoint? TryLoad(TrainingState state)
    {
        bool damaged = false;
        foreach (string path in Newest())
        {
            try
            {
                LoadedCheckpoint checkpoint = CheckpointFile.Read(path);
                try
                {
                    checkpoint.RequireRun(_run);
                    checkpoint.RequireShapes(state);
                }
                catch
                {
                    checkpoint.Dispose();
                    throw;
                }

                _messages.Information($"Continuing from step {checkpoint.Numbers.Step}, checkpoint '{path}'.");
                return checkpoint;
            }
            catch (InvalidDataException e)
            {
                // Out of the way, so that it neither counts among those kept nor is tried again.
                File.Move(path, path + DamagedExtension, overwrite: true);
                _messages.Warn(
                    $"The checkpoint '{path}' is damaged and was renamed to *{DamagedExtension}: {e.Message} Falling back to the one "
                    + "before it.");
                damaged = true;
            }
        }

        if (damaged)
        {
            _messages.Warn($"No checkpoint in '{_folder}' is whole: the run starts from the beginning.");
        }

        return null;
    }

    public void Dispose()
    {
    }

    private string PathOf(long step) => Path.Combine(_folder, $"{Prefix}{step.ToString("D8", CultureInfo.InvariantCulture)}{Extension}");

    private IEnumerable<string> Newest() => Newest(_folder);

    private static IEnumerable<string> Newest(string folder) =>
        !Directory.Exists(folder) ? [] : Directory.GetFiles(folder, $"{Prefix}*{Extension}").OrderByDescending(StepOf);

    private void Prune()
    {
        foreach (string old in Newest().Skip(_kept))
        {
            File.Delete(old);
        }
    }

    private static long StepOf(string path) =>
        long.TryParse(
            Path.GetFileNameWithoutExtension(path)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step
            : -1;
}

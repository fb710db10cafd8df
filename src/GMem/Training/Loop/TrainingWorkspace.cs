using GMem.Images;

namespace GMem.Training;

/// <summary>The folder of a run: its checkpoints and the files for its user. One run at a time holds it.</summary>
internal sealed class TrainingWorkspace : IDisposable
{
    private readonly WorkspaceLock _lock;
    private readonly IReadOnlyDictionary<string, string> _run;
    private readonly TrainingOptions _options;

    /// <param name="path">The folder; made if it is not there.</param>
    /// <param name="run">What decides the run's numbers, by name.</param>
    /// <param name="options">How much is kept.</param>
    /// <param name="terms">The names of the loss terms.</param>
    /// <param name="sample">Generates so many images with the network that is trained; null for no samples.</param>
    /// <exception cref="IOException">Another run has it.</exception>
    public TrainingWorkspace(
        string path,
        IReadOnlyDictionary<string, string> run,
        TrainingOptions options,
        IReadOnlyList<string> terms,
        Func<int, IReadOnlyList<RgbImage>>? sample = null)
    {
        _lock = new WorkspaceLock(path);
        _run = run;
        _options = options;
        try
        {
            Checkpoints = new CheckpointFolder(path, run, options.CheckpointsKept, Messages);
            Averages = new AverageSnapshots(path, options, Messages);
            Files = new RunFiles(path, sample, options, terms, Messages);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    public TrainingMessages Messages { get; } = new();

    public ICheckpointStore Checkpoints { get; }

    public AverageSnapshots Averages { get; }

    public RunFiles Files { get; }

    /// <summary>Writes the report of a run that ended.</summary>
    public void Finish(TrainingOutcome outcome, StepClock clock, torch.Device device, IReadOnlyList<TrainingMessage> messages) =>
        Files.Finish(outcome, _options.TotalSteps, clock, _run, device, messages);

    public void Dispose() => _lock.Dispose();
}

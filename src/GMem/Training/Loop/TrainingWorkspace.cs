using GMem.Backbone;
using GMem.Distributed;
using GMem.Images;

namespace GMem.Training;

/// <summary>
/// The folder of a run: its checkpoints and the files for its user. One run at a time holds it; of ranks that train together the first
/// writes, and the others give what they have.
/// </summary>
internal sealed class TrainingWorkspace : IDisposable
{
    private readonly WorkspaceLock? _lock;
    private readonly SampleGrids? _others;
    private readonly IReadOnlyDictionary<string, string> _run;
    private readonly TrainingOptions _options;

    /// <param name="path">The folder; made if it is not there.</param>
    /// <param name="run">What decides the run's numbers, by name.</param>
    /// <param name="options">How much is kept.</param>
    /// <param name="terms">The names of the loss terms.</param>
    /// <param name="sample">Generates so many images with the network that is trained; null for no samples.</param>
    /// <param name="ranks">Who trains together; null for this process alone.</param>
    /// <exception cref="IOException">Another run has it.</exception>
    public TrainingWorkspace(
        string path,
        IReadOnlyDictionary<string, string> run,
        TrainingOptions options,
        IReadOnlyList<string> terms,
        Func<int, IReadOnlyList<RgbImage>>? sample = null,
        RankGroup? ranks = null)
    {
        ranks ??= RankGroup.Alone;
        bool isWriter = ranks.Rank == 0;
        _run = run;
        _options = options;
        Averages = new AverageSnapshots(path, options, Messages, isWriter);
        if (!isWriter)
        {
            Checkpoints = new RankCheckpoints(ranks, null);
            _others = sample is null ? null : new SampleGrids(path, sample, options);
            return;
        }

        _lock = new WorkspaceLock(path);
        try
        {
            CheckpointFolder folder = new(path, run, options.CheckpointsKept, Messages);
            Checkpoints = ranks.Size == 1 ? folder : new RankCheckpoints(ranks, folder);
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

    /// <summary>What the first rank writes; null on the others.</summary>
    public RunFiles? Files { get; }

    /// <summary>Draws the grid of samples, if it is time to, together with the other ranks.</summary>
    public void DrawSamplesIfDue(TrainingState state, SiT network)
    {
        Files?.DrawSamplesIfDue(state, network, state.Ranks.IsAlone);
        if (_others?.IsDue(state.Step) == true)
        {
            _ = _others.Sample(state, network);
        }
    }

    /// <summary>Writes the report of a run that ended.</summary>
    public void Finish(TrainingOutcome outcome, StepClock clock, torch.Device device, IReadOnlyList<TrainingMessage> messages) =>
        Files?.Finish(outcome, _options.TotalSteps, clock, _run, device, messages);

    public void Dispose() => _lock?.Dispose();
}

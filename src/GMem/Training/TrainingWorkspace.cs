using System.Globalization;
using GMem.Backbone;
using GMem.Training.Checkpoints;

namespace GMem.Training;

/// <summary>The folder of a run: checkpoints, and what is written for people to look at. One run at a time has it.</summary>
internal sealed class TrainingWorkspace : IDisposable
{
    private readonly WorkspaceLock _lock;

    /// <param name="path">The folder; made if it is not there.</param>
    /// <param name="run">What decides the run's numbers, by name.</param>
    /// <param name="options">How much is kept.</param>
    /// <exception cref="IOException">Another run has it.</exception>
    public TrainingWorkspace(string path, IReadOnlyDictionary<string, string> run, TrainingOptions options)
    {
        _lock = new WorkspaceLock(path);
        Checkpoints = new CheckpointFolder(path, run, options.CheckpointsKept, Messages);
    }

    /// <summary>The seed of the run that a workspace holds; null where there is none, or none that can be read.</summary>
    public static long? SeedOf(string? path) => path is not null
        && CheckpointFolder.NewestRun(path)?.GetValueOrDefault($"Training.{nameof(TrainingOptions.Seed)}") is { } seed ? long.Parse(seed, CultureInfo.InvariantCulture) : null;

    public TrainingMessages Messages { get; } = new();

    public ICheckpointStore Checkpoints { get; }

    public void DrawSamplesIfDue(TrainingState state, SiT network)
    {
    }

    public string? TakeLastGrid() => null;

    public void Report(TrainingProgress report)
    {
    }

    public void Dispose() => _lock.Dispose();
}

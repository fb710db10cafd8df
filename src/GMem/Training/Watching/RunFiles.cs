using GMem.Backbone;
using GMem.Images;

namespace GMem.Training;

/// <summary>
/// The files that a run writes for its user: metrics, events, samples and the report. If one cannot be made or written, a message says so
/// and training goes on.
/// </summary>
internal sealed class RunFiles
{
    private const string SamplesFolder = "samples";

    private readonly TrainingMessages _messages;
    private readonly MetricsFile _metrics;
    private readonly TensorBoardEvents _events;
    private readonly RunReport _report;
    private readonly SampleGrids? _grids;
    private readonly List<TrainingMessage> _told = [];
    private string? _lastGrid;

    /// <param name="workspace">The folder.</param>
    /// <param name="sample">Generates so many images with the network that is trained; null for no samples.</param>
    /// <param name="options">How often.</param>
    /// <param name="terms">The names of the loss terms.</param>
    /// <param name="messages">Receives what cannot be written.</param>
    public RunFiles(
        string workspace,
        Func<int, IReadOnlyList<RgbImage>>? sample,
        TrainingOptions options,
        IReadOnlyList<string> terms,
        TrainingMessages messages)
    {
        string samples = Path.Combine(workspace, SamplesFolder);
        _messages = messages;
        _metrics = new MetricsFile(Path.Combine(workspace, MetricsFile.Name), terms);
        _events = new TensorBoardEvents(Path.Combine(workspace, "tensorboard"));
        _report = new RunReport(Path.Combine(workspace, RunReport.Name), _metrics, samples);
        _grids = sample is null ? null : new SampleGrids(samples, sample, options);
    }

    /// <summary>The run goes on from this step: what was written of later ones is dropped.</summary>
    public void ReturnTo(long step) => Try("metrics.csv", () => _metrics.ReturnTo(step));

    /// <param name="state">The state.</param>
    /// <param name="network">Its network.</param>
    /// <param name="isAlone">
    /// Whether this process trains alone, which then goes on without samples that it cannot make; ranks make them together.
    /// </param>
    public void DrawSamplesIfDue(TrainingState state, SiT network, bool isAlone)
    {
        if (_grids?.IsDue(state.Step) == true)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            IReadOnlyList<RgbImage>? made = isAlone ? null : _grids.Sample(state, network);
            Try("The sample grid", () =>
            {
                _lastGrid = _grids.Draw(state.Step, made ?? _grids.Sample(state, network));
                _events.Add(_lastGrid, state.Step);
            });
        }
    }

    /// <returns>The file of the last grid, once.</returns>
    public string? TakeLastGrid()
    {
        string? last = _lastGrid;
        _lastGrid = null;
        return last;
    }

    public void Report(TrainingProgress progress)
    {
        _told.AddRange(progress.Messages);
        if (progress.IsInterim)
        {
            return;
        }

        Try("metrics.csv or the TensorBoard events", () =>
        {
            _metrics.Add(progress);
            _events.Add(progress);
        });
    }

    /// <summary>Writes the report of a run that ended.</summary>
    public void Finish(
        TrainingOutcome outcome,
        long totalSteps,
        StepClock clock,
        IReadOnlyDictionary<string, string> run,
        torch.Device device,
        IReadOnlyList<TrainingMessage> messages)
    {
        string steps = string.Create(
            CultureInfo.InvariantCulture, $"{outcome.TrainedSteps} of {totalSteps}{(outcome.IsPartial ? ", cancelled" : "")}");
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        (string Name, string Value)[] summary =
        [
            ("Steps", steps),
            ("Ended", DateTimeOffset.UtcNow.ToString("u", CultureInfo.InvariantCulture)),
            ("Device", device.ToString()),
            ("Machine", string.Create(
                CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {memory.TotalAvailableMemoryBytes / 1e9:0.0} GB, "
                    + $"{Environment.OSVersion}")),
            ("libtorch", GMemRuntime.Describe()),
            ("Images", run.GetValueOrDefault("Data.Images", "")),
        ];
        Try(RunReport.Name, () => _report.Write(summary, run, clock.Shares(), [.. _told, .. messages]));
    }

    private void Try(string what, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _messages.Warn($"{what} could not be written: {e.Message} Training goes on.");
        }
    }
}

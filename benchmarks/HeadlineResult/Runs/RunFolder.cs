using System.Globalization;
using System.Text.Json;
using GMem;
using TorchSharp;

namespace HeadlineResult.Runs;

/// <summary>The folder of one run: its plan, checkpoints, log, and a model for every stage.</summary>
internal sealed class RunFolder
{
    private const string PlanFile = "run.json";

    private readonly string _path;

    private RunFolder(string path, RunPlan plan) => (_path, Plan) = (path, plan);

    public RunPlan Plan { get; }

    public string Name => Path.GetFileName(_path);

    /// <summary>Where the library keeps the checkpoints.</summary>
    public string Workspace => Path.Combine(_path, "workspace");

    public string Log => Path.Combine(_path, "run.log");

    public string Seconds => Path.Combine(_path, "seconds.csv");

    /// <summary>Where samples of a stage are kept.</summary>
    public string SampleFolder(int step, string kind, string sampler = "heun10") =>
        Path.Combine(_path, "samples", $"{step:d6}-{kind}-{sampler}");

    /// <summary>Makes the folder, or opens it to go on.</summary>
    public static RunFolder Make(string runs, RunPlan plan)
    {
        string path = Path.Combine(runs, plan.Name);
        Directory.CreateDirectory(Path.Combine(path, "stages"));
        Replace(Path.Combine(path, PlanFile), temporary => File.WriteAllText(temporary, JsonSerializer.Serialize(plan)));
        return new RunFolder(path, plan);
    }

    /// <summary>All runs in a folder whose names contain some text.</summary>
    public static IEnumerable<RunFolder> All(string runs, string part) =>
        Directory.GetDirectories(runs)
            .Where(path => File.Exists(Path.Combine(path, PlanFile)) && Path.GetFileName(path).Contains(part, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => new RunFolder(path, RunPlan.Read(Path.Combine(path, PlanFile))));

    /// <summary>The steps of which a model is there, in order.</summary>
    public IReadOnlyList<int> FinishedStages() =>
    [
        .. Directory.GetFiles(Path.Combine(_path, "stages"), "*.zip")
            .Select(f => int.Parse(Path.GetFileNameWithoutExtension(f), CultureInfo.InvariantCulture))
            .Order(),
    ];

    /// <summary>The model is there whole or not at all, whenever the process is killed.</summary>
    public void Save(int step, GMemModel model) => Replace(StagePath(step), temporary => ModelFile.Save(temporary, model));

    public GMemModel Load(int step, torch.Device device) => ModelFile.Load(StagePath(step), device);

    /// <summary>The model that a flow map is trained from; null for a run from random weights.</summary>
    public GMemModel? LoadInitial(torch.Device device) => Plan.FlowMapFrom is { } step
        ? new RunFolder(Path.Combine(Path.GetDirectoryName(_path)!, (Plan with { FlowMapFrom = null }).Name), Plan).Load(step, device)
        : null;

    private static void Replace(string path, Action<string> write)
    {
        string temporary = path + ".part";
        write(temporary);
        File.Move(temporary, path, overwrite: true);
    }

    private string StagePath(int step) => Path.Combine(_path, "stages", $"{step:d6}.zip");
}

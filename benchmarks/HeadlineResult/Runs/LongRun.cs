using GMem;
using GMem.Latents;
using GMem.Runtime;
using GMem.Training;
using HeadlineResult.Judging;
using TorchSharp;

namespace HeadlineResult.Runs;

/// <summary>Trains one contestant, stage by stage. Whatever kills it, the same command goes on from its last checkpoint.</summary>
internal static class LongRun
{
    private const int CheckpointEvery = 10 * RunMeter.Interval;

    public static void Run(Arguments arguments)
    {
        RunPlan plan = RunPlan.From(arguments);
        torch.set_num_threads(arguments.Number("--threads", 1));
        RunFolder folder = RunFolder.Make(arguments.Text("--runs", "artifacts/runs"), plan);
        RunMeter meter = new(folder);
        IReadOnlyList<int> finished = folder.FinishedStages();
        int last = finished.Count > 0 ? finished[^1] : 0;
        int[] open = [.. plan.Stages.Where(s => s > last)];
        if (open.Length == 0)
        {
            meter.Line($"{plan.Name} is finished");
            return;
        }

        string who = $"process {Environment.ProcessId}, {GMemRuntime.Facts()[0].Value}, {torch.get_num_threads()} thread(s)";
        meter.Line($"{plan.Name}, {who}: from stage {last} to {plan.Steps}");
        using TrainingImages images = LoadImages(arguments, plan);
        using GMemModel? initial = folder.LoadInitial(GMemRuntime.SelectDevice());
        foreach (int steps in open)
        {
            meter.Start();
            using GMemModel model = GMemModel.Fit(images, Options(folder, steps, initial), GMemRuntime.SelectDevice(), meter);
            SaveStage(folder, steps, model);
            meter.Line($"stage {steps} kept; {RunMeter.SecondsUntil(folder, steps):f0} processor seconds of training until there");
        }
    }

    private static TrainingImages LoadImages(Arguments arguments, RunPlan plan)
    {
        JudgeData data = JudgeData.Load(arguments);
        torch.Tensor? snippets = null;
        if (plan.Encoder is not null)
        {
            Snippets all = Snippets.Get(arguments.Text("--runs", "artifacts/runs"), plan, data.Training, data.Test);
            all.Test.Dispose();
            snippets = all.Training;
        }

        data.Test.Dispose();
        data.TestLabels.Dispose();
        data.TrainingLabels.Dispose();
        return new TrainingImages(data.Training, snippets) { Labels = data.Labels };
    }

    private static GMemOptions Options(RunFolder folder, int steps, GMemModel? initial)
    {
        TrainingOptions training = folder.Plan.Training();
        training.TotalSteps = steps;
        training.LogEveryNStep = RunMeter.Interval;
        training.CheckpointEvery = CheckpointEvery;
        return new GMemOptions
        {
            Network = folder.Plan.Network(),
            Training = training,
            InitialModel = initial,
            WorkspacePath = folder.Workspace,
        };
    }

    /// <summary>The snippets are the same at every stage and lie in the cache, so a model is kept with one of them only.</summary>
    private static void SaveStage(RunFolder folder, int steps, GMemModel model)
    {
        if (folder.Plan.Encoder is null)
        {
            folder.Save(steps, model);
            return;
        }

        using GMemModel small = model.WithMemory(model.Memory.KeepRandom(1, seed: 1));
        folder.Save(steps, small);
    }
}

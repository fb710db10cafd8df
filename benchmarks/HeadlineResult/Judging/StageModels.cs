using GMem;
using GMem.Memory;
using GMem.Runtime;
using GMem.Sampling;
using HeadlineResult.Runs;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>Samples of kept stages, each model with the snippets that it draws from.</summary>
/// <param name="runs">The folder of all runs.</param>
/// <param name="data">Training and test images, for their snippets.</param>
/// <param name="half">The half of the test images that is the reference; held-out snippets come from the other.</param>
internal sealed class StageModels(string runs, JudgeData data, TestHalf half) : IDisposable
{
    private readonly Dictionary<string, Runs.Snippets> _snippets = [];

    /// <param name="run">The run.</param>
    /// <param name="step">Its stage.</param>
    /// <param name="count">How many samples.</param>
    /// <param name="isHeldOut">Whether they are made from snippets of test images.</param>
    /// <param name="sampling">How, with a name for the folder; null for the usual way.</param>
    public Samples SamplesOf(RunFolder run, int step, int count, bool isHeldOut, (string Name, SamplingOptions Options)? sampling = null)
    {
        List<IDisposable> used = [];
        Lazy<GMemModel> model = new(() => Load(run, step, isHeldOut, used));
        string kind = isHeldOut ? $"held-out-{half.Name}" : "own";
        string folder = sampling is { } other ? run.SampleFolder(step, kind, other.Name) : run.SampleFolder(step, kind);
        try
        {
            return Samples.Get(folder, count, model, sampling?.Options);
        }
        finally
        {
            used.ForEach(d => d.Dispose());
        }
    }

    /// <param name="run">The run.</param>
    /// <param name="step">Its stage.</param>
    /// <param name="isHeldOut">Whether its bank holds snippets of test images.</param>
    /// <param name="used">What is to be disposed after use, the model among it.</param>
    public GMemModel Load(RunFolder run, int step, bool isHeldOut, List<IDisposable> used)
    {
        GMemModel kept = run.Load(step, GMemRuntime.SelectDevice());
        used.Add(kept);
        if (run.Plan.Encoder is null)
        {
            return kept;
        }

        Runs.Snippets snippets = SnippetsOf(run.Plan);
        using torch.Tensor rows = isHeldOut ? half.Other(snippets.Test) : snippets.Training.alias();
        GMemModel whole = kept.WithMemory(MemoryBank.FromRows(rows));
        used.Add(whole);
        return whole;
    }

    public Runs.Snippets SnippetsOf(RunPlan plan)
    {
        string key = $"{plan.Encoder} {plan.SnippetDimension} {plan.Seed}";
        return _snippets.TryGetValue(key, out Runs.Snippets? known)
            ? known
            : _snippets[key] = Runs.Snippets.Get(runs, plan, data.Training, data.Test);
    }

    public void Dispose()
    {
        foreach (Runs.Snippets snippets in _snippets.Values)
        {
            snippets.Dispose();
        }
    }
}

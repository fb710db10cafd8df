using System.Diagnostics;
using GMem;
using GMem.Encoders;
using GMem.Latents;
using GMem.Runtime;
using GMem.Training;
using TorchSharp;

namespace HeadlineResult;

/// <summary>One contestant's training, judged at every stage.</summary>
internal static class Race
{
    /// <summary>Of this process, on all its threads: what else the machine does changes it little.</summary>
    public static TimeSpan ProcessorTime => Process.GetCurrentProcess().TotalProcessorTime;

    public static Curve Run(Contestant contestant, ImageData data, Judge judge, Protocol protocol, int seed)
    {
        TimeSpan start = ProcessorTime;
        using SnippetEncoder? encoder = contestant.Encoder?.Invoke(data.Training, seed);
        double encoderSeconds = (ProcessorTime - start).TotalSeconds;
        using torch.Tensor? heldOut = encoder is null ? null : EncodeAll(encoder, data.HeldOut);
        string workspace = Directory.CreateTempSubdirectory("gmem-headline-").FullName;
        List<Stage> stages = [];
        double seconds = 0;
        try
        {
            foreach (int steps in protocol.StageSteps(contestant))
            {
                // The run goes on from where the stage before ended: the same as one run that was never stopped.
                start = ProcessorTime;
                using GMemModel model = Train(contestant, encoder, data, protocol, seed, steps, workspace);
                seconds += (ProcessorTime - start).TotalSeconds;
                stages.Add(new Stage(
                    steps, seconds, judge.Look(model, encoder is not null), heldOut is null ? null : judge.LookAtHeldOut(model, heldOut)));
                Console.WriteLine($"{contestant.Name,-20} seed {seed} step {steps,6} {seconds,6:f0} s  distance "
                    + $"{stages[^1].Own.Frechet:f3}, held-out {stages[^1].HeldOut?.Frechet:f3}, copies {stages[^1].Own.Copies:p1}");
            }
        }
        finally
        {
            Directory.Delete(workspace, recursive: true);
        }

        return new Curve(contestant.Name, encoder is not null, seed, encoderSeconds, stages);
    }

    /// <summary>A model trained for so many steps, from where the workspace is, if there is one.</summary>
    public static GMemModel Train(
        Contestant contestant, SnippetEncoder? encoder, ImageData data, Protocol protocol, int seed, int steps, string? workspace = null)
    {
        GMemOptions options = new()
        {
            Network = protocol.Network(),
            Sampling = protocol.Sampling,
            Encoder = encoder,
            WorkspacePath = workspace,
            Training = new TrainingOptions
            {
                TotalSteps = steps,
                BatchSize = protocol.BatchSize,
                LearningRate = protocol.LearningRate,
                Seed = seed,
                LogEveryNStep = 100,
            },
        };
        options.Network = options.Network with { Conditions = contestant.Conditions(protocol.SnippetDropout) };
        contestant.Change(options);
        using torch.Tensor pixels = data.Training.alias();
        using TrainingImages images = new(pixels) { Labels = data.Labels };
        return GMemModel.Fit(images, options, GMemRuntime.SelectDevice());
    }

    /// <summary>float32 <c>[N, m]</c>.</summary>
    public static torch.Tensor EncodeAll(SnippetEncoder encoder, torch.Tensor images)
    {
        const int Batch = 512;
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> parts = [];
        for (long i = 0; i < images.shape[0]; i += Batch)
        {
            parts.Add(encoder.Encode(images.narrow(0, i, Math.Min(Batch, images.shape[0] - i))));
        }

        return torch.cat(parts).MoveToOuterDisposeScope();
    }
}

using GMem.Tests.Shared;
using GMem.Training;

namespace GMem.Tests.Training.Checkpoints;

/// <summary>
/// Leaves a workspace as a crash would: what lay there after some step is put back after the run. A kill of the process is tested with one.
/// </summary>
internal static class WorkspaceCrash
{
    // Held by the run; locks say nothing once their holder is gone.
    private static readonly string[] Locks = ["run.lock", "lock"];

    public static void After(long step, string workspace, Action<IProgress<TrainingProgress>, CancellationToken> fit)
    {
        using TemporaryFolder then = new();
        using CancellationTokenSource stop = new();
        ProgressList progress = new()
        {
            OnReport = r =>
            {
                if (r.Step == step && !stop.IsCancellationRequested)
                {
                    Copy(workspace, then.Path);
                    stop.Cancel();
                }
            },
        };
        fit(progress, stop.Token);
        Assert.True(stop.IsCancellationRequested);
        Directory.Delete(workspace, recursive: true);
        Copy(then.Path, workspace);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(f => !Locks.Contains(Path.GetFileName(f))))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}

// A training run in a process of its own, for a test to kill: GMem.TrainingProcess <workspace> <steps> [<milliseconds>]. Writes a line when
// the run begins and one for every report; at the end "weights " and the SHA-256 of the trained network. With a third argument it gets a
// SIGKILL so long after its first step: from itself, because a test on a busy machine would send it late.
using System.Diagnostics;
using System.Security.Cryptography;
using GMem;
using GMem.Latents;
using GMem.Runtime;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

GMemRuntime.EnsureLoaded();
torch.set_num_threads(1);
GMemOptions options = TinyModel.Options(steps: long.Parse(args[1]));
options.WorkspacePath = args[0];

// Checkpoints follow one another so closely that a kill often meets one being written.
options.Training.CheckpointEvery = 2;
options.Training.LogEveryNStep = 1;
options.Training.PowerAverageWidths = [0.05, 0.10];
options.Training.SampleEveryNStep = 0;
using TrainingImages images = TinyModel.Images();
Console.WriteLine("begin");
using GMemModel model = GMemModel.Fit(
    images, options, torch.CPU, new Printed(args.Length > 2 ? TimeSpan.FromMilliseconds(int.Parse(args[2])) : null));
MemoryArchive archive = new();
model.Save(archive);
Console.WriteLine($"weights {Convert.ToHexStringLower(SHA256.HashData(archive.Entries["network.safetensors"]))}");

internal sealed class Printed(TimeSpan? killAfter) : IProgress<TrainingProgress>
{
    private Thread? _killer;

    public void Report(TrainingProgress value)
    {
        if (killAfter is { } time && _killer is null)
        {
            _killer = new Thread(() =>
            {
                Thread.Sleep(time);
                Process.GetCurrentProcess().Kill();
            });
            _killer.IsBackground = true;
            _killer.Start();
        }

        Console.WriteLine($"step {value.Step}");
        foreach (TrainingMessage message in value.Messages.Where(m => m.Level != TrainingMessageLevel.Trace))
        {
            Console.WriteLine($"{message.Level}: {message.Text}");
        }
    }
}

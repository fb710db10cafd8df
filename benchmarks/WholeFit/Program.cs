// All that a user waits for besides the training steps: starting, reading the images, principal components, the bank, saving.
//   dotnet run -c Release --project benchmarks/WholeFit -- --images ../shared/data/cifar10-train.zip [--steps 200 --batch 64]
using System.Diagnostics;
using System.Globalization;
using GMem.Images;
using GMem.MLNet;
using GMem.Runtime;
using GMem.Training;
using Microsoft.ML;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Arguments arguments = new(args);
string folder = arguments.Text("--images", "");
if (folder.Length == 0)
{
    Console.Error.WriteLine("error: name a folder, archive or list of images with --images.");
    return 1;
}

Moments moments = new();
MLContext ml = new(seed: 1);
GMemTrainer.Options options = new() { Progress = moments };
(options.Training.TotalSteps, options.Training.BatchSize, options.Training.LogEveryNStep) =
    (arguments.Number("--steps", 200), arguments.Number("--batch", 64), 1);
IDataView images = ml.Data.LoadFromEnumerable(ImageCollection.Enumerate(folder));
string path = Path.Combine(Path.GetTempPath(), $"gmem-benchmark-{Guid.NewGuid():N}.zip");
try
{
    using GMemTransformer model = ml.ImageGeneration.Trainers.GMem(options).Fit(images);
    double fitted = Moments.Now;
    ml.Model.Save(model, images.Schema, path);
    double end = Moments.Now;
    Console.WriteLine(GMemRuntime.Describe());
    Console.WriteLine($"whole {end:f1} s from the start of the process, of which {options.Training.TotalSteps} steps {moments.Steps:f1} s");
    Console.WriteLine($"  before the first step   {moments.BeforeSteps,6:f1} s (start, {model.Model.Memory.Count:N0} images read and "
        + "decoded, principal components, bank)");
    Console.WriteLine($"  after the last step     {fitted - moments.Last,6:f1} s");
    Console.WriteLine($"  save                    {end - fitted,6:f1} s, {new FileInfo(path).Length / 1e6:f1} MB");
    Console.WriteLine(
        $"outside the steps         {end - moments.Steps,6:f1} s (at most 25 s required with 50,000 images of CIFAR-10 and 200 steps)");
}
finally
{
    File.Delete(path);
}

return 0;

/// <summary>When steps ended, in seconds from the start of the process.</summary>
internal sealed class Moments : IProgress<TrainingProgress>
{
    private double _first;
    private int _count;

    public static double Now => (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;

    public double Last { get; private set; }

    /// <summary>All steps, the first as long as the mean of the others: what it takes more is preparation.</summary>
    public double Steps => (Last - _first) * _count / (_count - 1);

    public double BeforeSteps => Last - Steps;

    public void Report(TrainingProgress value)
    {
        Last = Now;
        _first = _count++ == 0 ? Last : _first;
    }
}

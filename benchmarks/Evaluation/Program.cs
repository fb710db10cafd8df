// Everything of an evaluation but the features: 10,000 + 10,000 images of 2,048 correlated random features. Prints seconds,
// processor seconds (which a busy machine does not stretch) and peak memory after each metric, beside the machine's own
// matrix-product rates in the same run.
//   dotnet run -c Release --project benchmarks/Evaluation [-- --images 10000 --features 2048 --threads 2]
using System.Diagnostics;
using System.Globalization;
using GMem.Evaluation;
using GMem.Runtime;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Arguments arguments = new(args);
GMemRuntime.EnsureLoaded();
int images = arguments.Number("--images", 10_000);
int width = arguments.Number("--features", 2_048);
torch.set_num_threads(arguments.Number("--threads", Environment.ProcessorCount));

Console.WriteLine(GMemRuntime.Describe());
Console.WriteLine($"matrix product 2048^3    {Rate(torch.float32),8:f1} GFLOP/s float32, {Rate(torch.float64):f1} float64, "
    + $"{torch.get_num_threads()} threads");
using torch.Tensor real = Features(1, 0);
using torch.Tensor generated = Features(2, 0.05);
using torch.Tensor logits = Logits();
long[] memoryIndices = [.. Enumerable.Range(0, images).Select(i => (long)(i * 7919L % images))];
Console.WriteLine($"{images:N0} + {images:N0} images, {width:N0} features; memory with these {Peak():f0} MB");

double total = 0;
double totalProcessor = 0;
FeatureStatistics first = Measure("mean and covariance, real", () => FeatureStatistics.Compute(real));
FeatureStatistics second = Measure("mean and covariance, gen.", () => FeatureStatistics.Compute(generated));
double frechet = Measure("Frechet distance", () => FrechetDistance.Compute(first, second));
KernelDistanceResult kernel = Measure("kernel distance, 100x1000", () => KernelDistance.Compute(
    real, generated, new KernelDistanceOptions { SubsetSize = Math.Min(1000, images / 2) }));
InceptionScoreResult score = Measure("Inception score", () => InceptionScore.Compute(logits));
IReadOnlyList<ManifoldScores> manifolds = Measure("P, R, D, C; k = 3, 5", () => ManifoldMetrics.Compute(real, generated, [3, 5]));
CopyCheckResult copies = Measure("copy check", () => CopyCheck.Compute(real, generated, memoryIndices));
Console.WriteLine(
    $"{"all",-26} {total,8:f1} s {totalProcessor,8:f1} processor s   peak {Peak():f0} MB (required below 60 s and 2,048 MB on two cores)");
Console.WriteLine($"Frechet {frechet:f4}, kernel {kernel.Mean:g4} +- {kernel.StandardError:g2}, Inception {score.Mean:f3}, precision "
    + $"{manifolds[0].Precision:f3}, copies {copies.Share:p1}");
first.Dispose();
second.Dispose();
return 0;

T Measure<T>(string what, Func<T> metric)
{
    double processorStart = Processor();
    long start = Stopwatch.GetTimestamp();
    T result = metric();
    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    double processor = Processor() - processorStart;
    total += seconds;
    totalProcessor += processor;
    Console.WriteLine($"{what,-26} {seconds,8:f1} s {processor,8:f1} processor s   peak {Peak():f0} MB");
    return result;
}

// Features like a network's: few strong directions, many weak ones, not negative.
torch.Tensor Features(ulong seed, double shift)
{
    using DisposeScope scope = torch.NewDisposeScope();
    using torch.Generator mixing = new(0, torch.CPU);
    using torch.Generator generator = new(seed, torch.CPU);
    torch.Tensor spectrum = TensorNumbers.Range(1, width + 1).to(torch.float32).ToThePower(-0.5).unsqueeze(1);
    torch.Tensor mix = torch.randn([width, width], generator: mixing).mul_(spectrum);
    return torch.randn([images, width], generator: generator)
        .PlusInPlace(shift).matmul(mix).PlusInPlace(1).relu_().MoveToOuterDisposeScope();
}

torch.Tensor Logits()
{
    using torch.Generator generator = new(3, torch.CPU);
    using torch.Tensor normal = torch.randn([images, 1008], generator: generator);
    return normal.Times(2);
}

double Rate(torch.ScalarType type)
{
    using DisposeScope scope = torch.NewDisposeScope();
    using torch.Generator generator = new(1, torch.CPU);
    torch.Tensor a = torch.randn([2048, 2048], dtype: type, generator: generator);
    double best = double.PositiveInfinity;
    for (int i = 0; i < 5; i++)
    {
        long start = Stopwatch.GetTimestamp();
        a.matmul(a).Dispose();
        best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    return 2 * Math.Pow(2048, 3) / best / 1e9;
}

double Processor()
{
    using Process process = Process.GetCurrentProcess();
    return process.TotalProcessorTime.TotalSeconds;
}

double Peak()
{
    using Process process = Process.GetCurrentProcess();
    return process.PeakWorkingSet64 / 1048576.0;
}

// A training step against the machine's own float32 matrix-product rate, both in one run and in turn, so that a busy
// machine slows both. Prints the ratio and where the rest of the step goes.
//   dotnet run -c Release --project benchmarks/TrainingStep [-- --batch 4 --threads 2 --rounds 12 --width 384 --depth 12 --heads 6 --patch
//   2 --lightning 0 --sampling 1]
// On several ranks (docs/scale-out.md), the batch being that of all of them:
//   mpirun -np 2 --bind-to none dotnet exec benchmarks/TrainingStep/bin/Release/net10.0/TrainingStep.dll --batch 32 --threads 1
using System.Diagnostics;
using System.Globalization;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Distributed;
using GMem.FileFormats;
using GMem.Latents;
using GMem.Runtime;
using GMem.Sampling;
using GMem.Training;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Arguments arguments = new(args);
GMemRuntime.EnsureLoaded();
RankGroup ranks = RankGroup.Join();
int batch = arguments.Number("--batch", 4);
int rounds = arguments.Number("--rounds", 12);
torch.set_num_threads(arguments.Number("--threads", ranks.Threads));

// S size: 384 wide, 12 deep, 6 heads; 32 x 32 images in patches of 2 are 256 tokens.
SiTOptions network = SiTOptions.FromPreset(SiTPreset.S, arguments.Number("--patch", 2));
network = network with
{
    HiddenSize = arguments.Number("--width", network.HiddenSize),
    Depth = arguments.Number("--depth", network.Depth),
    HeadCount = arguments.Number("--heads", network.HeadCount),
};
if (arguments.Number("--lightning", 0) != 0)
{
    network = network.WithLightningBlocks();
}

const int SnippetSize = 768;
network = network with { InputSize = 32, InputChannels = 3, Conditions = [new SnippetCondition { Size = SnippetSize }] };
int tokens = 32 / network.PatchSize * (32 / network.PatchSize);
double flops = 3 * Flops(network, tokens, batch) / ranks.Size;

using torch.Generator generator = new(1);
long before = Environment.WorkingSet;
using SiT sit = new(network, generator);
sit.train();
using torch.Tensor pixels = torch.randint(0, 256, [64, 3, 32, 32], dtype: torch.uint8, generator: generator);
using torch.Tensor rows = torch.randn([64, SnippetSize], generator: generator);
TrainingOptions options = new() { BatchSize = batch, TotalSteps = 1_000_000 };
TrainingSet set = new(new PixelData(new TensorRows(pixels), new PixelAutoencoder(), canMirror: false), torch.CPU)
{
    Conditions = network.Conditions,
    ConditionData = new ConditionData { SnippetSize = SnippetSize, Snippets = (indices, _) => rows.index_select(0, torch.tensor(indices)) },
};
using TrainingLoop loop = new(sit, set, options, torch.CPU, ranks: ranks);
StepClock clock = new();
loop.Clock = clock;

using torch.Tensor a = torch.randn([2048, 2048], generator: generator);
using torch.Tensor b = torch.randn([2048, 2048], generator: generator);
double product = double.PositiveInfinity, productSpent = 0, stepsSpent = 0;
List<double> steps = [];
for (int round = 0; round < rounds + 2; round++)
{
    using DisposeScope scope = torch.NewDisposeScope();
    double spent = Spent();
    for (int i = 0; i < 3; i++)
    {
        product = Math.Min(product, Seconds(() => a.matmul(b).Dispose()));
    }

    productSpent += Spent() - spent;

    if (round == 2)
    {
        // Two rounds of warm-up: page faults, allocator, just-in-time compilation.
        steps.Clear();
        clock.Reset();
        (productSpent, stepsSpent) = (0, 0);
    }

    spent = Spent();
    steps.Add(Seconds(() => loop.Step(round)));
    stepsSpent += Spent() - spent;
}

ranks.Barrier();
if (ranks.Rank > 0)
{
    return 0;
}

steps.Sort();
double step = steps[steps.Count / 2];
double rate = 2 * Math.Pow(2048, 3) / product / 1e9;
Console.WriteLine(GMemRuntime.Describe());
Console.WriteLine($"matrix product 2048^3    {rate,8:f1} GFLOP/s (best of {3 * (rounds + 2)})");
Console.WriteLine($"images/s                 {batch / step,8:f2} (median step), {batch / steps[0]:f2} (best), {ranks.Size} ranks, "
    + $"{torch.get_num_threads()} threads each");
Console.WriteLine($"training step            {step * 1000,8:f1} ms (median of {steps.Count}), {steps[0] * 1000:f1} ms (best), {batch} x "
    + $"{tokens} tokens, {flops / 1e9:f1} GFLOP");
// Best against best compares the machine with itself in its quiet moments; the median has its neighbours in it too.
Console.WriteLine($"share of the rate        {flops / 1e9 / steps[0] / rate,8:p1} (best step), {flops / 1e9 / step / rate:p1} (median "
    + "step); required at S size: 80 % at 4 x 256 tokens, 70 % at 1 x 256");
using System.Diagnostics.Process process = Process.GetCurrentProcess();
MemoryEstimate estimate = MemoryEstimate.Of(network, options, torch.CPU, ranks: ranks.Size);
Console.WriteLine($"memory                   {(process.PeakWorkingSet64 - before) / 1e6,8:f0} MB at its peak above the "
    + $"{before / 1e6:f0} MB before; estimated {(estimate.Weights + estimate.Activations) / 1e6:f0} MB (weights "
    + $"{estimate.Weights / 1e6:f0}, activations {estimate.Activations / 1e6:f0})");

// Processor time counts what the process itself computes, so that neighbours on a busy machine weigh on it only through caches and memory.
double spentShare = flops / (stepsSpent / rounds) / (3 * 2 * Math.Pow(2048, 3) / (productSpent / rounds));
Console.WriteLine($"share by processor time  {spentShare,8:p1} (all {rounds} steps and {3 * rounds} products)");
foreach ((string part, double seconds) in clock.Totals())
{
    double share = seconds / clock.Total;
    string required = part == StepClock.Optimizer ? " (clip, AdamW, moving average; required below 8 %)" : "";
    Console.WriteLine($"  {part,-22} {share,8:p1} {seconds / rounds * 1000,8:f1} ms{required}");
}

if (arguments.Number("--sampling", 0) != 0)
{
    PrintSampling();
}

return 0;

// One image by 50 Euler steps against 50 forward passes, in turn; required at most 1.05.
void PrintSampling()
{
    sit.eval();
    using IDisposable noGrad = torch.no_grad();
    using DisposeScope scope = torch.NewDisposeScope();
    torch.Tensor noise = torch.randn(
        [1, 3, 32, 32], generator: generator), snippet = rows.narrow(0, 0, 1), time = TensorNumbers.Full([1], 0.5);
    Sampler sampler = new(options.CreateTransport(), new SamplingOptions { OdeMethod = OdeMethod.Euler, Steps = 50 });
    double sampled = double.PositiveInfinity, forwards = double.PositiveInfinity;
    for (int round = 0; round < 3; round++)
    {
        sampled = Math.Min(sampled, Spending(() => sampler.Sample(sit.forward, noise, snippet).Dispose()));
        forwards = Math.Min(forwards, Spending(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                sit.forward(noise, time, snippet).Dispose();
            }
        }));
    }

    Console.WriteLine(
        $"Euler 50 an image        {sampled / forwards,8:f3} times 50 forward passes (processor time, best of 3); required at most 1.05");
}

double Spending(Action action)
{
    double start = Spent();
    action();
    return Spent() - start;
}

double Spent() => Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;

double Seconds(Action action)
{
    long start = Stopwatch.GetTimestamp();
    action();
    return Stopwatch.GetElapsedTime(start).TotalSeconds;
}

// Forward pass of one batch: 24 D^2 a token and block, 4 T D a token and block for attention, and adaLN once an image and block.
static double Flops(SiTOptions o, int tokens, int batch)
{
    double d = o.HiddenSize;
    double perImage = (24 * d * d * tokens * o.Depth) + (4 * tokens * d * tokens * o.Depth) + (12 * d * d * o.Depth);
    return perImage * batch;
}

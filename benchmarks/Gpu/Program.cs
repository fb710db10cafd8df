// What a GPU does with the network: agreement with the reference files (TF32 off), training and sampling in images a second, and their
// share of the measured bfloat16 matrix rate. Published without libtorch by eng/gpu/publish, run by eng/gpu/run; on a machine without a GPU
// it runs on the CPU, which is only a check of the program.
//   Gpu [--reference FOLDER] [--presets S,B,XL] [--batch 64] [--steps 20] [--precision bf16] [--matrix 8192] [--tokens 256]
using System.Globalization;
using GMem.Backbone;
using GMem.Runtime;
using Gpu;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Arguments arguments = new(args);
torch.Device device = GMemRuntime.SelectDevice();
bool mixed = arguments.Text("--precision", "bf16") == "bf16";
Console.WriteLine(GMemRuntime.Describe());
Console.WriteLine($"device       {device}");

bool agrees = true;
if (arguments.Text("--reference", "") is { Length: > 0 } reference)
{
    agrees = Parity.Check(Path.Combine(reference, "backbone"), device);
}

double rate = MatrixRate.Measure(device, arguments.Number("--matrix", 8192), mixed ? torch.bfloat16 : torch.float32);
Console.WriteLine(
    $"matrix rate  {rate / 1e12:f1} TFLOP/s ({(mixed ? "bfloat16" : "float32")}, {arguments.Number("--matrix", 8192)}^3, best of 20)");

Console.WriteLine("| network | images a step | training images/s | share of the matrix rate | sampling images/s (Euler 50) | share |");
Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
foreach (string name in arguments.Text("--presets", "S,B,XL").Split(','))
{
    SiTOptions options = SiTOptions.FromPreset(Presets.Of(name), patchSize: 2);
    options = options with { InputSize = 2 * (int)Math.Sqrt(arguments.Number("--tokens", 256)) };
    Throughput throughput = Throughput.Measure(options, device, mixed, arguments.Number("--batch", 64), arguments.Number("--steps", 20));
    Console.WriteLine(
        $"| {name}/2 | {throughput.Batch} | {throughput.TrainingImagesPerSecond:f1} | {throughput.TrainingFlops / rate:p1} | "
            + $"{throughput.SamplingImagesPerSecond:f2} | {throughput.SamplingFlops / rate:p1} |");
}

return agrees ? 0 : 1;

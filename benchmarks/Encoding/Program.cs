// Decoding, cropping and encoding of images before training, against this machine's own matrix product of the same minute: both
// should keep the same number of cores busy, which processor seconds over wall seconds tell, however busy the machine is with other things.
// A second run with the same images encodes nothing.
//   dotnet run -c Release --project benchmarks/Encoding -- --images cifar10-train.zip [--count 2000 --size 32 --width 192 --depth 4
//   --threads 2 --steps 1]
using System.Diagnostics;
using System.Globalization;
using GMem;
using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders.DinoV2;
using GMem.Images;
using GMem.Latents;
using GMem.Runtime;
using GMem.Training;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Arguments arguments = new(args);
GMemRuntime.EnsureLoaded();
torch.set_num_threads(arguments.Number("--threads", Environment.ProcessorCount));
int size = arguments.Number("--size", 32);
string folder = arguments.Text("--images", "");
if (folder.Length == 0)
{
    Console.Error.WriteLine("error: name a folder, archive or list of images with --images.");
    return 1;
}

string[] paths = [.. ImageCollection.Enumerate(folder).Take(arguments.Number("--count", 2000)).Select(f => f.ImagePath)];
string workspace = Path.Combine(Path.GetTempPath(), $"gmem-benchmark-{Guid.NewGuid():N}");
try
{
    Run();
}
finally
{
    Directory.Delete(workspace, recursive: true);
}

return 0;

void Run()
{
    using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(
        new KlAutoencoderOptions { BaseChannels = 32, ChannelMultipliers = [1, 2, 4], ResidualBlocks = 1 }, 1);
    int width = arguments.Number("--width", 192);
    using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(
        new DinoV2Options { EmbedDim = width, Depth = arguments.Number("--depth", 4), Heads = Math.Max(1, width / 64) }, 2);
    Console.WriteLine(GMemRuntime.Describe());
    Console.WriteLine($"{paths.Length} images to {size} x {size} pixels, {torch.get_num_threads()} threads");
    double before = Product();

    // Once before: just-in-time compilation, page faults.
    torch.Tensor warm = ImageTensors.Load([.. paths.Take(64)], size);
    using (torch.Tensor snippets = encoder.Encode(warm), latents = autoencoder.Encode(warm))
    {
        warm.Dispose();
    }

    TrainingImages? images = null;
    double decode = Measure("decode and crop", () => images = new TrainingImages(ImageTensors.Load(paths, size)));
    using TrainingImages all = images!;
    EncodingProgress first = default, second = default;
    double encode = Measure("encode (latents, snippets)", () => first = Fit(all, autoencoder, encoder));
    double product = (before + Product()) / 2;
    _ = Measure("the same again", () => second = Fit(all, autoencoder, encoder));
    Console.WriteLine(
        $"cores in use: decoding {decode:f2}, encoding {encode:f2}, the matrix product {product:f2} (mean of before and after)");
    Console.WriteLine(
        $"first run: {first.Encoded} images encoded; second run: {second.Encoded} encoded, {second.Found} found (required: 0 encoded)");
}

// Encoding as training has it done, before the first of the fewest steps there are.
EncodingProgress Fit(TrainingImages images, KlAutoencoder autoencoder, DinoV2Encoder encoder)
{
    EncodingProgress last = default;
    GMemOptions options = new()
    {
        Network = new SiTOptions { PatchSize = 2, HiddenSize = 32, Depth = 1, HeadCount = 1 },
        Autoencoder = autoencoder,
        Encoder = encoder,
        WorkspacePath = workspace,
        EncodingProgress = new Last(p => last = p),
    };
    (options.Training.TotalSteps, options.Training.BatchSize, options.Training.HorizontalFlip) = (1, 1, true);
    GMemModel.Fit(images, options, torch.CPU).Dispose();
    return last;
}

double Product()
{
    using torch.Generator generator = new(1);
    using torch.Tensor a = torch.randn([2048, 2048], generator: generator);
    return Measure("matrix product 2048^3, 20x", () =>
    {
        for (int i = 0; i < 20; i++)
        {
            a.matmul(a).Dispose();
        }
    });
}

static double Measure(string what, Action action)
{
    using Process process = Process.GetCurrentProcess();
    TimeSpan before = process.TotalProcessorTime;
    long start = Stopwatch.GetTimestamp();
    action();
    double wall = Stopwatch.GetElapsedTime(start).TotalSeconds;
    process.Refresh();
    double processor = (process.TotalProcessorTime - before).TotalSeconds;
    Console.WriteLine($"{what,-28} {wall,8:f2} s, {processor,8:f2} processor s = {processor / wall:f2} cores");
    return processor / wall;
}

/// <summary>Hands on every report.</summary>
internal sealed class Last(Action<EncodingProgress> take) : IProgress<EncodingProgress>
{
    public void Report(EncodingProgress value) => take(value);
}

// Images a second of ResNet-18: the same sessions called by hand, one image after the other with the threads that ONNX Runtime takes, and
// on all cores with one thread each; against Featurizers.ResNet18 as training calls it. Alternated, so that what else the machine does
// weighs on all. Arguments: images (64), rounds (5).
using System.Diagnostics;
using GMem.Evaluation;
using GMem.ResNet18;
using GMem.Runtime;
using Microsoft.ML;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;

int count = args.Length > 0 ? int.Parse(args[0]) : 64, rounds = args.Length > 1 ? int.Parse(args[1]) : 5;
GMemRuntime.EnsureLoaded();
using torch.Tensor images = torch.randint(0, 255, [count, 3, 32, 32], dtype: torch.uint8);
float[] pixels = [.. Enumerable.Range(0, 3 * 224 * 224).Select(i => (float)(i % 255))];
using FeatureExtractor features = Featurizers.ResNet18Features(new MLContext());
using ByHand many = new(0), single = new(1);
(string Name, Action Run)[] ways =
[
    ("by hand, one image at a time on all cores", () => { for (int i = 0; i < count; i++) { many.Run(pixels); } }),
    ("by hand, one thread an image, all cores", () => Parallel.For(0, count, _ => single.Run(pixels))),
    ("Featurizers.ResNet18, resizing included", () => features.Extract(images).Dispose()),
];
foreach ((string _, Action run) in ways)
{
    run();
}

double[][] rates = [.. ways.Select(_ => new double[rounds])];
for (int round = 0; round < rounds; round++)
{
    for (int way = 0; way < ways.Length; way++)
    {
        Stopwatch watch = Stopwatch.StartNew();
        ways[way].Run();
        rates[way][round] = count / watch.Elapsed.TotalSeconds;
    }
}

for (int way = 0; way < ways.Length; way++)
{
    Console.WriteLine($"{ways[way].Name,-45} {rates[way].Order().ElementAt(rounds / 2),7:F1} images/s "
        + $"({string.Join(", ", rates[way].Select(r => r.ToString("F1")))})");
}

internal sealed class ByHand : IDisposable
{
    private readonly InferenceSession _preparation, _network;
    private readonly RunOptions _options = new();

    public ByHand(int threads)
    {
        using SessionOptions options = new() { IntraOpNumThreads = threads };
        string models = Path.Combine(AppContext.BaseDirectory, "DnnImageModels");
        _preparation = new InferenceSession(Path.Combine(models, "ResNetPrepOnnx", "ResNetPreprocess.onnx"), options);
        _network = new InferenceSession(Path.Combine(models, "ResNet18Onnx", "ResNet18.onnx"), options);
    }

    public void Run(float[] pixels)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, 224, 224]);
        using IDisposableReadOnlyCollection<OrtValue> prepared = Run(_preparation, input), features = Run(_network, prepared[0]);
    }

    public void Dispose()
    {
        _preparation.Dispose();
        _network.Dispose();
        _options.Dispose();
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession session, OrtValue input) =>
        session.Run(_options, session.InputNames, [input], session.OutputNames);
}

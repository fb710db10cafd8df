using System.Globalization;
using GMem.Encoders;
using GMem.FileFormats;
using HeadlineResult.Encoders;
using TorchSharp;

namespace HeadlineResult.Runs;

/// <summary>The snippets of all training and all test images, made once for an encoder and kept.</summary>
/// <param name="Training">float32 <c>[N, m]</c>.</param>
/// <param name="Test">Likewise, of images that are never trained on.</param>
/// <param name="Seconds">Processor time of fitting the encoder and of encoding the training images.</param>
internal sealed record Snippets(torch.Tensor Training, torch.Tensor Test, double Seconds) : IDisposable
{
    private const string SecondsKey = "processor_seconds";

    /// <summary>Reads them, or makes and writes them.</summary>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="plan">Names the encoder.</param>
    /// <param name="training">uint8 <c>[N, 3, 32, 32]</c>.</param>
    /// <param name="test">Likewise.</param>
    public static Snippets Get(string runs, RunPlan plan, torch.Tensor training, torch.Tensor test)
    {
        string path = Path.Combine(runs, "snippets", $"{plan.Encoder}-m{plan.SnippetDimension}-s{plan.Seed}.safetensors");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            bool isResNet = plan.Encoder == ResNet18Features.Key;
            using Snippets made = isResNet ? OfResNet(runs, plan, training, test) : Make(plan, training, test);
            SafetensorsWriter.Write(
                path,
                [KeyValuePair.Create("training", made.Training), KeyValuePair.Create("test", made.Test)],
                new Dictionary<string, string> { [SecondsKey] = made.Seconds.ToString("f1", CultureInfo.InvariantCulture) });
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        double seconds = double.Parse(file.Metadata[SecondsKey], CultureInfo.InvariantCulture);
        return new Snippets(file.Read("training"), file.Read("test"), seconds);
    }

    public void Dispose()
    {
        Training.Dispose();
        Test.Dispose();
    }

    private static Snippets Make(RunPlan plan, torch.Tensor training, torch.Tensor test)
    {
        TimeSpan start = Race.ProcessorTime;
        using SnippetEncoder encoder = Contestant.Fit(plan.Encoder!, training, plan.SnippetDimension, plan.Seed);
        torch.Tensor ofTraining = Race.EncodeAll(encoder, training);
        double seconds = (Race.ProcessorTime - start).TotalSeconds;
        return new Snippets(ofTraining, Race.EncodeAll(encoder, test), seconds);
    }

    private static Snippets OfResNet(string runs, RunPlan plan, torch.Tensor training, torch.Tensor test)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using ResNet18Features network = new();
        string folder = Path.Combine(runs, "features", ResNet18Features.Key);
        (torch.Tensor ofTraining, double seconds) = FeatureCache.Get(Path.Combine(folder, "training"), network, training);
        (torch.Tensor ofTest, _) = FeatureCache.Get(Path.Combine(folder, "test"), network, test);
        TimeSpan start = Race.ProcessorTime;
        using FittedFeatures fitted = FittedFeatures.Fit(ofTraining, rows => rows.alias(), plan.SnippetDimension);
        torch.Tensor own = fitted.Snippets(ofTraining, rows => rows.alias());
        seconds += (Race.ProcessorTime - start).TotalSeconds;
        torch.Tensor others = fitted.Snippets(ofTest, rows => rows.alias());
        return new Snippets(own.MoveToOuterDisposeScope(), others.MoveToOuterDisposeScope(), seconds);
    }
}

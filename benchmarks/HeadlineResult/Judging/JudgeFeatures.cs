using System.Security.Cryptography;
using GMem.Evaluation;
using HeadlineResult.Encoders;
using TorchSharp;

namespace HeadlineResult.Judging;

/// <summary>The features that a command judges by.</summary>
/// <param name="Extractor">Makes them.</param>
/// <param name="Accuracy">Of the classifier that they are of, on test images; null for other features.</param>
/// <param name="Key">Names them in files.</param>
internal sealed record JudgeFeatures(FeatureExtractor Extractor, double? Accuracy, string Key) : IDisposable
{
    private const string Classifier = "classifier";

    /// <summary>The name that <c>--judge</c> gives.</summary>
    public static string NameFrom(Arguments arguments) => arguments.Text("--judge", Classifier);

    /// <summary>Those that <c>--judge</c> names. The classifier is kept in the folder <c>--runs</c> and trained once.</summary>
    public static JudgeFeatures From(Arguments arguments, JudgeData data)
    {
        switch (NameFrom(arguments))
        {
            case Classifier:
                string path = Path.Combine(arguments.Text("--runs", "artifacts/runs"), "judge", "classifier.safetensors");
                ClassifierFeatures features = ClassifierFeatures.Get(path, data, arguments.Number("--epochs", 10), Console.WriteLine);
                string hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))[..8];
                return new JudgeFeatures(features, features.Accuracy, $"{Classifier}-{hash}");
            case "random":
                return new JudgeFeatures(new RandomConvolutionFeatures(), null, "random");
            case ResNet18Features.Key:
                return new JudgeFeatures(new ResNet18Features(), null, ResNet18Features.Key);
            default:
                throw new ArgumentException($"There is no judge '{NameFrom(arguments)}'; known are classifier, resnet18 and random.");
        }
    }

    /// <summary>The features of images, <c>[N, D]</c>; dispose them.</summary>
    /// <param name="images">uint8 <c>[N, 3, 32, 32]</c>.</param>
    public torch.Tensor Of(torch.Tensor images)
    {
        using FeatureSet set = FeatureSet.Compute(Extractor, images);
        return set.Features.alias();
    }

    public void Dispose() => Extractor.Dispose();
}

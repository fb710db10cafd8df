using GMem.Evaluation;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;

namespace HeadlineResult.Encoders;

/// <summary>
/// The last features of a ResNet-18 that was trained on ImageNet, from ML.NET's package Microsoft.ML.DnnImageFeaturizer.ResNet18, whose
/// networks take one image at a time.
/// </summary>
internal sealed class ResNet18Features : FeatureExtractor
{
    /// <summary>As encoder, as judge, and of the files in which its features are kept.</summary>
    public const string Key = "resnet18";

    private const int Side = 224;

    private readonly RunOptions _options = new();
    private readonly InferenceSession _preprocessing;
    private readonly InferenceSession _network;

    public ResNet18Features()
    {
        string models = Path.Combine(AppContext.BaseDirectory, "DnnImageModels");
        using SessionOptions options = new() { IntraOpNumThreads = torch.get_num_threads(), InterOpNumThreads = 1 };
        _preprocessing = new InferenceSession(Path.Combine(models, "ResNetPrepOnnx", "ResNetPreprocess.onnx"), options);
        _network = new InferenceSession(Path.Combine(models, "ResNet18Onnx", "ResNet18.onnx"), options);
    }

    public override string Name => "last features of ResNet-18 (ImageNet) at 224 x 224";

    public override int Dimension => 512;

    public override torch.Tensor Extract(torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor large = torch.nn.functional.interpolate(
            images.to(torch.float32), [Side, Side], mode: torch.InterpolationMode.Bilinear, align_corners: false);
        IEnumerable<int> rows = Enumerable.Range(0, (int)images.shape[0]);
        float[] features = [.. rows.SelectMany(i => FeaturesOf(large[i].contiguous().data<float>().ToArray()))];
        return torch.tensor(features, [images.shape[0], Dimension]).MoveToOuterDisposeScope();
    }

    protected override void Dispose(bool disposing)
    {
        _preprocessing.Dispose();
        _network.Dispose();
        _options.Dispose();
    }

    private float[] FeaturesOf(float[] pixels)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, Side, Side]);
        using IDisposableReadOnlyCollection<OrtValue> prepared = Run(_preprocessing, input);
        using IDisposableReadOnlyCollection<OrtValue> features = Run(_network, prepared[0]);
        return features[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession session, OrtValue input) =>
        session.Run(_options, session.InputNames, [input], session.OutputNames);
}

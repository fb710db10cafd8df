using GMem.Evaluation;
using GMem.Images;
using GMem.MLNet;
using GMem.Tests.Shared;
using Microsoft.ML;
using TorchSharp;

namespace GMem.ResNet18.Tests;

/// <summary>A network of one's own in an ONNX file: here the one that prepares pictures for ResNet-18.</summary>
public sealed class OnnxFeaturizerTests
{
    private const int Side = 224;

    private static string Network { get; } =
        Path.Combine(AppContext.BaseDirectory, "DnnImageModels", "ResNetPrepOnnx", "ResNetPreprocess.onnx");

    [Fact]
    public void Onnx_OfANetwork_GivesItsOutput()
    {
        using FeatureExtractor plain = Features(scale: 1, offset: 0), scaled = Features(scale: 2, offset: 10);
        using torch.Tensor grey = Grey(60), other = Grey(100);

        using torch.Tensor ofGrey = scaled.Extract(grey), ofOther = plain.Extract(other);

        // (60 - 10) * 2 is 100: the network is given the same numbers.
        Assert.Equal([2, 3 * Side * Side], ofGrey.shape);
        Assert.Equal(ofOther.data<float>().ToArray(), ofGrey.data<float>().ToArray());
        Assert.True(ofGrey.data<float>().ToArray().Distinct().Count() >= 3, "each colour is normalised by its own mean");
    }

    [Fact]
    public void Onnx_OfWhatItCannotUse_SaysWhat()
    {
        using TemporaryFolder folder = new();
        MLContext ml = new(seed: 1);
        File.WriteAllText(folder.File("text.onnx"), "no network");

        Assert.Contains("nothing.onnx", Assert.Throws<FileNotFoundException>(
            () => Featurizers.Onnx(ml, folder.File("nothing.onnx"))).Message);
        Assert.Contains("is no ONNX network", Assert.Throws<InvalidDataException>(
            () => Featurizers.Onnx(ml, folder.File("text.onnx"))).Message);
        Assert.Contains("has no output 'logits'; it has ", Assert.Throws<ArgumentException>(
            () => Featurizers.Onnx(ml, Network, output: "logits")).Message);
        Assert.Contains($"takes pictures of {Side} pixels, not 64", Assert.Throws<ArgumentException>(
            () => Featurizers.Onnx(ml, Network, imageSize: 64)).Message);
    }

    /// <summary>Two pictures of one shade.</summary>
    private static torch.Tensor Grey(byte shade)
    {
        byte[] pixels = new byte[Side * Side * ImageShape.Rgb];
        Array.Fill(pixels, shade);
        RgbImage picture = new(Side, Side, pixels);
        return ImageTensors.ToTensor([picture, picture]);
    }

    private static FeaturizerFeatures Features(float scale, float offset) => new(
        Featurizers.Onnx(new MLContext(seed: 1), Network, scale: scale, offset: offset).Fit(FeaturizerFeatures.NoImages()), "prepared");
}

using GMem.Evaluation;
using GMem.MLNet;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Transforms.Onnx;

namespace GMem.ResNet18;

/// <summary>
/// Networks that turn a picture into a vector, for <see cref="GMemTrainer.Options.Featurizer"/>: each reads a column <c>Image</c> of
/// <c>MLImage</c> of any size and makes a column <c>Features</c>. They run in ONNX Runtime.
/// </summary>
public static class Featurizers
{
    private const string ImageColumn = "Image";
    private const string FeatureColumn = "Features";
    private const string PixelColumn = "Pixels";

    /// <summary>
    /// ResNet-18, trained on ImageNet, as ML.NET's package Microsoft.ML.DnnImageFeaturizer.ResNet18 has it. Pictures are scaled to 224 x
    /// 224. A model that is trained with it holds the network, 64 MB.
    /// </summary>
    /// <param name="mlContext">The context.</param>
    /// <returns>An estimator of <c>Features</c>, 512 numbers, of <c>Image</c>. Fitting it learns nothing and reads no image.</returns>
    public static IEstimator<ITransformer> ResNet18(MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        string networks = Path.Combine(
            Path.GetDirectoryName(typeof(ResNet18Extension).Assembly.Location) ?? AppContext.BaseDirectory, "DnnImageModels");
        OnnxShape preparation = OnnxShape.Read(Path.Combine(networks, "ResNetPrepOnnx", "ResNetPreprocess.onnx"), null, null);
        OnnxShape network = OnnxShape.Read(Path.Combine(networks, "ResNet18Onnx", "ResNet18.onnx"), null, null);
        return Apply(mlContext, preparation, scale: 1, offset: 0)
            .Append(mlContext.Transforms.CopyColumns(network.Input, preparation.Output))
            .Append(mlContext.Transforms.ApplyOnnxModel(network.ToOptions()))
            .Append(mlContext.Transforms.CopyColumns(FeatureColumn, network.Output));
    }

    /// <summary>
    /// A network of your own in an ONNX file, of one input (<c>[N, 3, H, W]</c> or <c>[N, H, W, 3]</c>, float32, N 1 or any) and with an
    /// output of known size. What it is given is <c>(pixel - offset) * scale</c>, RGB, pixels from 0 to 255; what differs from channel to
    /// channel must be in the network.
    /// </summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="path">The file. A model that is trained with it holds a copy.</param>
    /// <param name="imageSize">Side in pixels to which pictures are scaled; null takes the network's. Default null.</param>
    /// <param name="scale">What pixels are multiplied by, for instance 1/255. Default 1.</param>
    /// <param name="offset">What is subtracted from pixels before. Default 0.</param>
    /// <param name="output">The network's output to use; null takes the first. Default null.</param>
    /// <returns>An estimator of <c>Features</c>, of <c>Image</c>.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no ONNX network.</exception>
    /// <exception cref="ArgumentException">
    /// The network has another input, or an output of unknown size, or its image size is not known and not given.
    /// </exception>
    public static IEstimator<ITransformer> Onnx(
        MLContext mlContext, string path, int? imageSize = null, float scale = 1, float offset = 0, string? output = null)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        OnnxShape shape = OnnxShape.Read(path, imageSize, output);
        return Apply(mlContext, shape, scale, offset).Append(mlContext.Transforms.CopyColumns(FeatureColumn, shape.Output));
    }

    /// <summary>
    /// The same vectors as features for evaluation, named as what they are. Do not judge a model by them whose snippets they made.
    /// </summary>
    /// <param name="mlContext">The context.</param>
    /// <returns>The features; dispose them.</returns>
    public static FeatureExtractor ResNet18Features(MLContext mlContext) => new FeaturizerFeatures(
        ResNet18(mlContext).Fit(FeaturizerFeatures.NoImages(ImageColumn)),
        "last features of ResNet-18 (ImageNet) at 224 x 224 (not FID)", ImageColumn, FeatureColumn);

    /// <summary>Scales a picture, and gives it to a network.</summary>
    private static EstimatorChain<OnnxTransformer> Apply(MLContext mlContext, OnnxShape network, float scale, float offset) =>
        mlContext.Transforms
            .ResizeImages(PixelColumn, network.Width, network.Height, ImageColumn, ImageResizingEstimator.ResizingKind.Fill)
            .Append(mlContext.Transforms.ExtractPixels(
                network.Input, PixelColumn, interleavePixelColors: network.ChannelsLast, offsetImage: offset, scaleImage: scale))
            .Append(mlContext.Transforms.ApplyOnnxModel(network.ToOptions()));
}

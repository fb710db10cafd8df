using GMem.Evaluation;
using GMem.MLNet.Onnx;
using Microsoft.ML;
using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet;

/// <summary>
/// Networks that turn a picture into a vector, for <see cref="GMemTrainer.Options.Featurizer"/>: each reads a column <c>Image</c> of
/// <c>MLImage</c> of any size and makes a column <c>Features</c>. They run in ONNX Runtime.
/// </summary>
public static class Featurizers
{
    private const string ImageColumn = "Image";
    private const string FeatureColumn = "Features";
    private const string PixelColumn = "Pixels";
    private const int ResNetSide = 224;

    /// <summary>ML.NET's own; named because it has two methods that differ in this alone.</summary>
    private const int RecursionLimit = 100;

    /// <summary>
    /// ResNet-18, trained on ImageNet, as ML.NET's package Microsoft.ML.DnnImageFeaturizer.ResNet18 has it. Pictures are scaled to 224 x
    /// 224. A model that is trained with it holds the network, 64 MB.
    /// </summary>
    /// <param name="mlContext">The context.</param>
    /// <returns>An estimator of <c>Features</c>, 512 numbers, of <c>Image</c>. Fitting it learns nothing and reads no image.</returns>
    public static IEstimator<ITransformer> ResNet18(MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return mlContext.Transforms.ResizeImages(PixelColumn, ResNetSide, ResNetSide, ImageColumn, ImageResizingEstimator.ResizingKind.Fill)
            .Append(mlContext.Transforms.ExtractPixels(PixelColumn))
            .Append(mlContext.Transforms.DnnFeaturizeImage(
                FeatureColumn, m => m.ModelSelector.ResNet18(mlContext, m.OutputColumn, m.InputColumn), PixelColumn));
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
        return mlContext.Transforms
            .ResizeImages(PixelColumn, shape.Width, shape.Height, ImageColumn, ImageResizingEstimator.ResizingKind.Fill)
            .Append(mlContext.Transforms.ExtractPixels(
                shape.Input, PixelColumn, interleavePixelColors: shape.ChannelsLast, offsetImage: offset, scaleImage: scale))
            .Append(mlContext.Transforms.ApplyOnnxModel([shape.Output], [shape.Input], path, shape.Dimensions, recursionLimit: RecursionLimit))
            .Append(mlContext.Transforms.CopyColumns(FeatureColumn, shape.Output));
    }

    /// <summary>
    /// The same vectors as features for evaluation, named as what they are. Do not judge a model by them whose snippets they made.
    /// </summary>
    /// <param name="mlContext">The context.</param>
    /// <returns>The features; dispose them.</returns>
    public static FeatureExtractor ResNet18Features(MLContext mlContext) => new FeaturizerFeatures(
        ResNet18(mlContext).Fit(FeaturizerFeatures.NoImages(ImageColumn)),
        "last features of ResNet-18 (ImageNet) at 224 x 224 (not FID)", ImageColumn, FeatureColumn);
}

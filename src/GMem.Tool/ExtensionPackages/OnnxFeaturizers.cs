using System.Reflection;
using Microsoft.ML;

namespace GMem.Tool.ExtensionPackages;

/// <summary>The featurizers of the extension GMem.ResNet18, by name: the tool does not refer to it.</summary>
internal static class OnnxFeaturizers
{
    /// <summary>What <c>--encoder</c> calls ResNet-18.</summary>
    public const string ResNet18 = "resnet18";

    private const string TypeName = "GMem.ResNet18.Featurizers";

    /// <summary>Whether an encoder is one of these.</summary>
    public static bool IsOne(string encoder) => encoder == ResNet18 || encoder.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    /// <param name="ml">The context.</param>
    /// <param name="encoder"><see cref="ResNet18"/>, or the path of a network.</param>
    /// <param name="imageSize">Side of its pictures; null takes the network's.</param>
    /// <param name="scale">What pixels are multiplied by.</param>
    /// <param name="offset">What is subtracted before.</param>
    public static IEstimator<ITransformer> Create(MLContext ml, string encoder, int? imageSize, double scale, double offset)
    {
        Type type = ToolExtensions.Load(ToolExtensions.ResNet18, $"--encoder {encoder}").GetType(TypeName, throwOnError: true)!;
        (string method, object?[] arguments) = encoder == ResNet18
            ? (nameof(ResNet18), [ml])
            : ("Onnx", new object?[] { ml, encoder, imageSize, (float)scale, (float)offset, null });
        MethodInfo found = type.GetMethod(method) ?? throw new InvalidOperationException(
            $"The extension {ToolExtensions.ResNet18} is of another version than this tool: gmem extension add {ToolExtensions.ResNet18}");
        return (IEstimator<ITransformer>)found.Invoke(
            null, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture)!;
    }
}

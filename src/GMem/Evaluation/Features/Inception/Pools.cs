using static TorchSharp.torch.nn.functional;

namespace GMem.Evaluation;

/// <summary>The network's pooling layers. Averages exclude the padding, as in TensorFlow; torchvision's include it.</summary>
internal static class Pools
{
    public static torch.Tensor Average(torch.Tensor x) => avg_pool2d(x, 3, stride: 1, padding: 1, count_include_pad: false);

    public static torch.Tensor Maximum(torch.Tensor x) => max_pool2d(x, 3, stride: 1, padding: 1);

    public static torch.Tensor Halve(torch.Tensor x) => max_pool2d(x, 3, stride: 2);
}

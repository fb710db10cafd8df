using GMem.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HeadlineResult.Judging;

/// <summary>
/// A small convolutional network for 32 x 32 images: fixed whitening of 2 x 2 patches, three blocks of two convolutions, global average
/// pooling (after Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498, with a quarter of its arithmetic).
/// </summary>
internal sealed class ClassifierNetwork : nn.Module<Tensor, Tensor>
{
    /// <summary>Features before the last layer.</summary>
    public const int FeatureCount = 192;

    private const int Side = 2;
    private const int PatchLength = 3 * Side * Side;
    private const int Classes = 10;

    private readonly Conv2d _whitening;
    private readonly Sequential _blocks;
    private readonly Linear _head;

    public ClassifierNetwork()
        : base(nameof(ClassifierNetwork))
    {
        _whitening = nn.Conv2d(3, 2 * PatchLength, Side, bias: false);
        _blocks = nn.Sequential([.. Block(2 * PatchLength, 32), .. Block(32, 96), .. Block(96, FeatureCount)]);
        _head = nn.Linear(FeatureCount, Classes);
        RegisterComponents();
        _whitening.weight.requires_grad = false;
    }

    /// <summary>uint8 pixels as the network wants them.</summary>
    public static Tensor Scaled(Tensor images) => images.to(float32).Times(1 / 64.0).PlusInPlace(-2);

    /// <summary>Sets the first layer: the directions of 2 x 2 patches, each with its negative, scaled to variance 1.</summary>
    /// <param name="images">float32, as of <see cref="Scaled"/>.</param>
    public void Whiten(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor patches = nn.functional.unfold(images, (Side, Side)).transpose(1, 2).reshape(-1, PatchLength);
        Tensor centred = patches - patches.mean([0L], keepdim: true);
        (Tensor values, Tensor vectors) = linalg.eigh(centred.t().matmul(centred).DividedBy(patches.shape[0]));
        Tensor filters = (vectors * values.PlusInPlace(5e-4).rsqrt()).t();
        _ = _whitening.weight.copy_(cat([filters, filters.neg()]).view(2 * PatchLength, 3, Side, Side));
    }

    /// <param name="images">float32 <c>[B, 3, 32, 32]</c>, as of <see cref="Scaled"/>.</param>
    /// <returns><c>[B, 192]</c>.</returns>
    public Tensor Features(Tensor images) => _blocks.forward(_whitening.forward(images).relu()).mean([2L, 3L]);

    /// <returns>Logits <c>[B, 10]</c>.</returns>
    public override Tensor forward(Tensor input) => _head.forward(Features(input));

    private static nn.Module<Tensor, Tensor>[] Block(int from, int to) =>
    [
        nn.Conv2d(from, to, 3, padding: 1, bias: false),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(to),
        nn.ReLU(),
        nn.Conv2d(to, to, 3, padding: 1, bias: false),
        nn.BatchNorm2d(to),
        nn.ReLU(),
    ];
}

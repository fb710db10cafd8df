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
    /// <summary>Features of an image.</summary>
    public const int FeatureCount = MiddleWidth + LastWidth;

    private const int Side = 2;
    private const int PatchLength = 3 * Side * Side;
    private const int Classes = 10;
    private const int FirstWidth = 32;
    private const int MiddleWidth = 96;
    private const int LastWidth = 192;
    private const int BlockLength = 7;
    private const int BatchSize = 250;

    /// <summary>
    /// Added to the variances that the first layer divides by. The finest direction of 2 x 2 patches has a variance of about 0.002:
    /// without a floor far above it, noise that nobody sees outweighs the picture in all later layers.
    /// </summary>
    private const double WhiteningFloor = 0.05;

    private readonly Conv2d _whitening;
    private readonly Sequential _blocks;
    private readonly Linear _head;
    private readonly Tensor _scale;

    public ClassifierNetwork()
        : base(nameof(ClassifierNetwork))
    {
        _whitening = nn.Conv2d(3, 2 * PatchLength, Side, bias: false);
        _blocks = nn.Sequential(
            [.. Block(2 * PatchLength, FirstWidth), .. Block(FirstWidth, MiddleWidth), .. Block(MiddleWidth, LastWidth)]);
        _head = nn.Linear(LastWidth, Classes);
        _scale = ones(FeatureCount);
        register_buffer("scale", _scale);
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
        Tensor filters = (vectors * values.PlusInPlace(WhiteningFloor).rsqrt()).t();
        _ = _whitening.weight.copy_(cat([filters, filters.neg()]).view(2 * PatchLength, 3, Side, Side));
    }

    /// <summary>Sets what the features are divided by, so that each has variance 1 on such images.</summary>
    /// <param name="images">float32, as of <see cref="Scaled"/>.</param>
    public void Standardise(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor raw = cat([.. images.split(BatchSize).Select(some => Pooled(some).MoveToOuterDisposeScope())]);
        _ = _scale.copy_(raw.std([0L]).PlusInPlace(1e-3));
    }

    /// <summary>What it sees on images and their mirror images, averaged.</summary>
    /// <param name="images">float32 <c>[B, 3, 32, 32]</c>, as of <see cref="Scaled"/>.</param>
    /// <returns>Features <c>[B, 288]</c> of variance 1, and logits <c>[B, 10]</c>.</returns>
    public (Tensor Features, Tensor Logits) See(Tensor images)
    {
        Tensor both = Pooled(images).Plus(Pooled(images.flip(3))).TimesInPlace(0.5);
        return (both / _scale, _head.forward(Last(both)));
    }

    /// <returns>Logits <c>[B, 10]</c>.</returns>
    public override Tensor forward(Tensor input) => _head.forward(Last(Pooled(input)));

    private static Tensor Last(Tensor pooled) => pooled.narrow(1, MiddleWidth, LastWidth);

    /// <summary>
    /// Means over the picture after the second and the third block: textures and shapes, which every class has, and what tells classes
    /// apart. The last alone says little more than which class a picture is taken for.
    /// </summary>
    private Tensor Pooled(Tensor images)
    {
        Tensor x = _whitening.forward(images).relu();
        List<Tensor> means = [];
        foreach ((int index, nn.Module<Tensor, Tensor> layer) in _blocks.children().Cast<nn.Module<Tensor, Tensor>>().Index())
        {
            x = layer.forward(x);
            if ((index + 1) % BlockLength == 0)
            {
                means.Add(x.mean([2L, 3L]));
            }
        }

        return cat([.. means.Skip(1)], 1);
    }

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

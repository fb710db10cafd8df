using GMem.Encoders;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace HeadlineResult.Encoders;

/// <summary>
/// Principal components of the pixels at half the size, as the library's own encoder, but with the spreads of the components drawn nearer
/// to one another.
/// </summary>
internal sealed class WhitenedPcaEncoder : SnippetEncoder
{
    private const int Side = 16;

    private readonly FittedFeatures _fitted;

    private WhitenedPcaEncoder(torch.Tensor images, int dimension, double whitening) =>
        _fitted = FittedFeatures.Fit(images, Features, dimension, whitening);

    public override PartKind Kind => new("whitened");

    public override int Dimension => (int)_fitted.Directions.shape[1];

    /// <param name="images">uint8 <c>[N, 3, S, S]</c>.</param>
    /// <param name="dimension">Components.</param>
    /// <param name="whitening">0 for none, 1 for whole.</param>
    public static WhitenedPcaEncoder Fit(torch.Tensor images, int dimension, double whitening) => new(images, dimension, whitening);

    public override torch.Tensor Encode(torch.Tensor images) => _fitted.Snippets(images, Features);

    public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
        new Dictionary<string, torch.Tensor> { ["feature_mean"] = _fitted.Mean, ["directions"] = _fitted.Directions };

    protected override void Dispose(bool disposing) => _fitted.Dispose();

    private static torch.Tensor Features(torch.Tensor images) =>
        torch.nn.functional.adaptive_avg_pool2d(images.to(torch.float32).Times(1 / 127.5), [Side, Side]).flatten(1);
}

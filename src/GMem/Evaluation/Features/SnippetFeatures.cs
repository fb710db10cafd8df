using GMem.Encoders;

namespace GMem.Evaluation;

/// <summary>An encoder's snippets as features, for instance those of DINOv2 (Stein et al., 2023, arXiv 2306.04675).</summary>
/// <remarks>
/// Snippets have unit length, so figures are not those published with unnormalised features. Do not evaluate a model with the encoder
/// that its memory bank was made by: it was given these very features.
/// </remarks>
internal sealed class SnippetFeatures : FeatureExtractor
{
    private readonly SnippetEncoder _encoder;

    /// <summary>Wraps an encoder, which stays the caller's.</summary>
    /// <param name="encoder">The encoder.</param>
    public SnippetFeatures(SnippetEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        _encoder = encoder;
    }

    /// <summary>Names the encoder's kind.</summary>
    public override string Name => $"snippets of the encoder '{_encoder.Kind.Name}' (not FID)";

    /// <inheritdoc/>
    public override int Dimension => _encoder.Dimension;

    /// <inheritdoc/>
    public override torch.Tensor Extract(torch.Tensor images) => _encoder.Encode(images);

    /// <summary>Frees nothing: the encoder is the caller's.</summary>
    /// <param name="disposing">Not used.</param>
    protected override void Dispose(bool disposing)
    {
    }
}

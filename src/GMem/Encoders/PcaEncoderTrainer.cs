using GMem.Images;

namespace GMem.Encoders;

/// <summary>Fits an encoder whose snippets are the principal components of an image.</summary>
public sealed class PcaEncoderTrainer : SnippetEncoderTrainer
{
    /// <summary>Most entries of a snippet; fewer where the images vary in fewer directions. At least 1. Default 128.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int Dimension
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Dimension), value, "A snippet must have at least 1 entry.");
    } = PcaEncoder.DefaultDimension;

    /// <summary>The side, in pixels, that larger images are averaged down to: 1 to 32. Default 16.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public int MaxSide
    {
        get;
        init => field = value is >= 1 and <= PcaEncoder.LargestSide
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxSide), value, $"The side must be 1 to {PcaEncoder.LargestSide} pixels.");
    } = PcaEncoder.DefaultMaxSide;

    /// <inheritdoc/>
    public override SnippetEncoder Fit(ImageRows images, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        cancellationToken.ThrowIfCancellationRequested();
        return PcaEncoder.Fit(images.Rows, Dimension, MaxSide);
    }
}

namespace GMem.Training;

/// <summary>
/// Augmentation of training pictures that does not leak into what is generated: the network is told what was done to each picture
/// (<see cref="Backbone.AugmentationCondition"/>), and at generation that nothing was (Karras et al., arXiv 2206.00364, appendix F.2).
/// Each kind below is applied to a picture with <see cref="Probability"/>, independently of the others. Snippets stay those of the pictures
/// as they are. Immutable.
/// </summary>
/// <remarks>
/// Pictures are moved by bilinear interpolation and mirrored at their edges. Colours change in the colour channels only, not in alpha;
/// grey pictures have no saturation to change. For networks on pixels: latents are encoded before training, so it is refused there. The
/// kinds and strengths of shape are the paper's; those of colour are smaller than in arXiv 2006.06676.
/// </remarks>
public sealed record ImageAugmentation
{
    /// <summary>
    /// Probability of each kind for each picture, in [0, 1]; with an <see cref="AdaptiveStep"/>, the one to begin with. Default 0.12.
    /// </summary>
    public double Probability { get; init; } = 0.12;

    /// <summary>
    /// By how much the probability rises after each measurement of <see cref="TrainingOptions.Quality"/> whose share of copies is above the
    /// target, and falls where it is not; it stays in [0, 0.8]. In [0, 1]; 0 keeps the probability. Default 0.
    /// </summary>
    public double AdaptiveStep { get; init; }

    /// <summary>
    /// The share of copies above which the probability rises, in [0, 1]. Null takes the share that the held-out pictures have, which a
    /// model that copies nothing would have. Default null.
    /// </summary>
    public double? CopyShareTarget { get; init; }

    /// <summary>Whether pictures are mirrored left-right. Default false: letters and shapes with a handedness must not be.</summary>
    public bool HorizontalFlip { get; init; }

    /// <summary>Whether pictures are turned upside down by mirroring. Default false.</summary>
    public bool VerticalFlip { get; init; }

    /// <summary>
    /// Standard deviation of the shift along each side, in shares of the side; whole pixels. What a crop would cut off is cut off. In
    /// [0, 1]; 0 for none. Default 0.125.
    /// </summary>
    public double Translation { get; init; } = 0.125;

    /// <summary>Standard deviation of the binary logarithm of the scale. In [0, 2]; 0 for none. Default 0.2.</summary>
    public double Scaling { get; init; } = 0.2;

    /// <summary>Largest angle of rotation in degrees, either way, uniform. In [0, 180]; 0 for none. Default 180.</summary>
    public double Rotation { get; init; } = 180;

    /// <summary>
    /// Standard deviation of the binary logarithm by which width is stretched against height, the area staying. In [0, 2]; 0 for none.
    /// Default 0.2.
    /// </summary>
    public double Stretching { get; init; } = 0.2;

    /// <summary>
    /// Standard deviation of what is added to the colours, in shares of half their range. In [0, 2]; 0 for none. Default 0.1.
    /// </summary>
    public double Brightness { get; init; } = 0.1;

    /// <summary>Standard deviation of the binary logarithm of the contrast. In [0, 2]; 0 for none. Default 0.2.</summary>
    public double Contrast { get; init; } = 0.2;

    /// <summary>Standard deviation of the binary logarithm of the saturation. In [0, 4]; 0 for none. Default 0.3.</summary>
    public double Saturation { get; init; } = 0.3;

    internal void Check(OptionFaults faults, QualityOptions? quality)
    {
        const string Owner = "the augmentation's ";
        void Range(double value, double most, string name) => faults.Require(
            value >= 0 && value <= most, Owner + name, value, string.Create(CultureInfo.InvariantCulture, $"from 0 to {most}"));
        Range(Probability, 1, nameof(Probability));
        Range(AdaptiveStep, 1, nameof(AdaptiveStep));
        Range(CopyShareTarget ?? 0, 1, nameof(CopyShareTarget));
        Range(Translation, 1, nameof(Translation));
        Range(Scaling, 2, nameof(Scaling));
        Range(Rotation, 180, nameof(Rotation));
        Range(Stretching, 2, nameof(Stretching));
        Range(Brightness, 2, nameof(Brightness));
        Range(Contrast, 2, nameof(Contrast));
        Range(Saturation, 4, nameof(Saturation));
        faults.Require(
            AdaptiveStep == 0 || quality is not null, Owner + nameof(AdaptiveStep), AdaptiveStep,
            "0 unless Quality is set, which measures the share of copies that the strength follows");
    }
}

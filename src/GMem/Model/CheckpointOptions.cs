using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Sampling;
using GMem.Transport;

namespace GMem;

/// <summary>What <see cref="GMemModel.FromCheckpoint"/> is told besides the file: all that weights do not say of themselves.</summary>
public sealed class CheckpointOptions
{
    /// <summary>The network; null infers it from the names and shapes of the tensors. Default null.</summary>
    public SiTOptions? Network { get; set; }

    /// <summary>
    /// Attention heads of an inferred network, where neither rotary tables nor norms of queries tell them and width and depth are not those
    /// of a published size (<see cref="SiTPreset"/>). Above 0, or null. Default null.
    /// </summary>
    public int? HeadCount { get; set; }

    /// <summary>
    /// Decodes what the network makes. Set its <see cref="ImageAutoencoder.Statistics"/> to those that the network was trained with. It
    /// stays yours; the model shares its weights. Null for a network on pixels. Default null.
    /// </summary>
    public ImageAutoencoder? Autoencoder { get; set; }

    /// <summary>
    /// Shape of the images, which weights do not say where it is no square, and which tells pixels of 4 channels from latents; null takes
    /// a square, of the autoencoder's channels or in RGB. Default null.
    /// </summary>
    public ImageShape? ImageShape { get; set; }

    /// <summary>The encoder that made the bank, for prompts by image. It stays yours; the model shares its weights. Default null.</summary>
    public SnippetEncoder? Encoder { get; set; }

    /// <summary>
    /// Names of the classes of a label-conditioned network, in the order of their numbers; null calls them by their numbers: <c>0</c>,
    /// <c>1</c>, ... Default null.
    /// </summary>
    public IReadOnlyList<string>? ClassNames { get; set; }

    /// <summary>
    /// Whether to take the moving average of the weights (<c>ema</c>) where a training checkpoint has both. Default true, as the published
    /// samples do.
    /// </summary>
    public bool UseAverage { get; set; } = true;

    /// <summary>The path that the network was trained on. Default linear.</summary>
    public InterpolantKind Path { get; set; } = InterpolantKind.Linear;

    /// <summary>What the network predicts. Default the velocity.</summary>
    public PredictionTarget Prediction { get; set; } = PredictionTarget.Velocity;

    /// <summary>How images are made, unless told otherwise.</summary>
    public SamplingOptions Sampling { get; set; } = new();

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(CheckpointOptions));
        faults.Require(HeadCount is null or >= 1, nameof(HeadCount), HeadCount, "at least 1, or null");
        faults.Require(
            ImageShape is not { } shape || (shape.Height >= 1 && shape.Width >= 1 && Enum.IsDefined(shape.Fit)
                && Images.ImageShape.IsChannelCount(shape.Channels)),
            nameof(ImageShape), ImageShape, "a shape of images, or null");
        faults.Require(Enum.IsDefined(Path), nameof(Path), Path, "a defined path");
        faults.Require(Enum.IsDefined(Prediction), nameof(Prediction), Prediction, "a defined target");
        faults.Require(Sampling is not null, nameof(Sampling), Sampling, "set");
        faults.Throw();
        Sampling!.Validate();
        Network?.Validate();
    }
}

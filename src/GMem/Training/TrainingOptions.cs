using GMem.Transport;

namespace GMem.Training;

/// <summary>How a network is trained. Defaults are those of the public GMem settings unless a remark says otherwise.</summary>
public sealed class TrainingOptions
{
    /// <summary>Optimizer steps. At least 1. Default 2000.</summary>
    public long TotalSteps { get; set; } = 2000;

    /// <summary>Images a step. At least 1, and not more than there are images. Default 64 (the public code: 1024 over 8 GPUs).</summary>
    public int BatchSize { get; set; } = 64;

    /// <summary>Learning rate of AdamW. Above 0. Default 1e-3, which suits the small default network; the public code uses 2e-4, which suits S size and larger.</summary>
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>AdamW's decay of the running mean of gradients, in [0, 1). Default 0.9.</summary>
    public double Beta1 { get; set; } = 0.9;

    /// <summary>AdamW's decay of the running mean of squared gradients, in [0, 1). Default 0.95.</summary>
    public double Beta2 { get; set; } = 0.95;

    /// <summary>AdamW's term that keeps the denominator from zero. Above 0. Default 1e-8.</summary>
    public double Epsilon { get; set; } = 1e-8;

    /// <summary>Decoupled weight decay. At least 0. Default 0.</summary>
    public double WeightDecay { get; set; }

    /// <summary>A gradient of larger L2 norm is scaled down to this norm. Above 0, or 0 for no clipping. Default 1.</summary>
    public double MaxGradientNorm { get; set; } = 1.0;

    /// <summary>Decay of the exponential moving average of the weights, which is what generates. In [0, 1). Default 0.9999.</summary>
    public double EmaDecay { get; set; } = 0.9999;

    /// <summary>
    /// Whether the decay warms up as <c>min(EmaDecay, (1 + n) / (10 + n))</c> after n steps. Default true: without it, 70 % of the
    /// average are still the initial weights after 3,500 steps at 0.9999.
    /// </summary>
    public bool EmaWarmUp { get; set; } = true;

    /// <summary>The path from noise to data. Default linear.</summary>
    public InterpolantKind Path { get; set; } = InterpolantKind.Linear;

    /// <summary>What the network predicts. Default the velocity.</summary>
    public PredictionTarget Prediction { get; set; } = PredictionTarget.Velocity;

    /// <summary>Weighting of the noise and score losses over time; the velocity loss has none. Default none.</summary>
    public LossWeighting LossWeighting { get; set; } = LossWeighting.None;

    /// <summary>How training times are drawn. Default uniform.</summary>
    public TimeDistribution TimeDistribution { get; set; } = TimeDistribution.Uniform;

    /// <summary>
    /// Weight of the cosine loss <c>1 - cos(prediction, target)</c> over the channels; velocity prediction only. At least 0. Default 0. The public code
    /// uses 1 on latents of 4 to 32 channels; over the 3 channels of a pixel it has little to say.
    /// </summary>
    public double CosineLossWeight { get; set; }

    /// <summary>Weight of the projection loss (REPA); used where the network has a projector. At least 0. Default 0.5.</summary>
    public double ProjectionLossWeight { get; set; } = 0.5;

    /// <summary>
    /// Whether half of the images are mirrored left-right, one decision a sample, applied before the image and its snippet are encoded.
    /// Default false: letters and shapes with a handedness must not be mirrored. Not possible with snippets of one's own.
    /// </summary>
    public bool HorizontalFlip { get; set; }

    /// <summary>Seed of everything that is drawn at random. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>A report after every so many steps, and after the last. At least 1. Default 50.</summary>
    public int LogEveryNStep { get; set; } = 50;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(TrainingOptions));
        faults.Require(TotalSteps >= 1, nameof(TotalSteps), TotalSteps, "at least 1");
        faults.Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        faults.Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "above 0");
        faults.Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        faults.Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        faults.Require(Epsilon > 0 && double.IsFinite(Epsilon), nameof(Epsilon), Epsilon, "above 0");
        faults.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "at least 0");
        faults.Require(MaxGradientNorm >= 0 && double.IsFinite(MaxGradientNorm), nameof(MaxGradientNorm), MaxGradientNorm, "at least 0 (0 switches clipping off)");
        faults.Require(EmaDecay is >= 0 and < 1, nameof(EmaDecay), EmaDecay, "in [0, 1)");
        faults.Require(CosineLossWeight >= 0 && double.IsFinite(CosineLossWeight), nameof(CosineLossWeight), CosineLossWeight, "at least 0");
        faults.Require(CosineLossWeight == 0 || Prediction == PredictionTarget.Velocity, nameof(CosineLossWeight), CosineLossWeight, "0 unless Prediction is Velocity");
        faults.Require(ProjectionLossWeight >= 0 && double.IsFinite(ProjectionLossWeight), nameof(ProjectionLossWeight), ProjectionLossWeight, "at least 0");
        faults.Require(Enum.IsDefined(Path), nameof(Path), Path, "a defined path");
        faults.Require(Enum.IsDefined(Prediction), nameof(Prediction), Prediction, "a defined target");
        faults.Require(Enum.IsDefined(LossWeighting), nameof(LossWeighting), LossWeighting, "a defined weighting");
        faults.Require(LogEveryNStep >= 1, nameof(LogEveryNStep), LogEveryNStep, "at least 1");
        faults.Throw();
    }

    /// <summary>The transport that these options describe.</summary>
    internal FlowTransport CreateTransport() => new(InterpolantPath.Of(Path), Prediction, LossWeighting);

    /// <summary>A copy, so that what a caller changes later changes nothing here.</summary>
    internal TrainingOptions Clone() => (TrainingOptions)MemberwiseClone();
}

using GMem.Transport;

namespace GMem.Training;

/// <summary>How a network is trained. Defaults are those of the public GMem settings unless a remark says otherwise.</summary>
/// <remarks>
/// What is in this file decides the numbers of a run, so a run that is continued from its <c>WorkspacePath</c> must have the same; only
/// <see cref="TotalSteps"/> may grow. What decides when something is written or checked is in <c>TrainingOptions.Run.cs</c> and may change.
/// </remarks>
public sealed partial class TrainingOptions
{
    /// <summary>Images a step where <see cref="BatchSize"/> is null and there are as many (the public code: 1024 over 8 GPUs).</summary>
    public const int DefaultBatchSize = 64;

    /// <summary>Optimizer steps, from 1 to 1,000,000,000. Default 2000.</summary>
    public long TotalSteps { get; set; } = 2000;

    /// <summary>
    /// Images a step, from 1 to 2^20, and not more than there are images to train on. Null takes <see cref="DefaultBatchSize"/>, or all
    /// images where there are fewer; a message then says so. Default null.
    /// </summary>
    public int? BatchSize { get; set; }

    /// <summary>
    /// Learning rate of AdamW. Above 0, at most 100. Default 1e-3, which suits the small default network; the public code uses 2e-4, which
    /// suits S size and larger.
    /// </summary>
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>How the learning rate goes on after the warm-up. Default constant.</summary>
    public LearningRateSchedule LearningRateSchedule { get; set; } = LearningRateSchedule.Constant;

    /// <summary>
    /// Steps over which the learning rate rises linearly from 0 to <see cref="LearningRate"/>. From 0 to 1,000,000,000. Default 0.
    /// </summary>
    public long WarmUpSteps { get; set; }

    /// <summary>Where the cosine schedule ends, as a share of <see cref="LearningRate"/>, in [0, 1]. Default 0.</summary>
    public double FinalLearningRateShare { get; set; }

    /// <summary>
    /// Images that go through the network at once; the gradients of a batch are the sum over its micro-batches, so fewer images at once
    /// take less memory and give the same numbers up to rounding. At least 1, or null for the whole batch. Default null.
    /// </summary>
    public int? MicroBatchSize { get; set; }

    /// <summary>
    /// Into how many shards a batch is cut, whose gradients are summed in a fixed order: a power of two, at most 1024 and at most
    /// <see cref="BatchSize"/>. Threads and ranks share the shards, so the number of ranks must divide it; with the same number, and the
    /// same <see cref="ThreadsPerShard"/>, the bits of a run on the CPU do not depend on how many ranks and threads there are. Null takes
    /// what the run in the workspace has, else as many as keep the processors busy: at most 4 for each rank, at least one. Default null.
    /// </summary>
    public int? Shards { get; set; }

    /// <summary>
    /// Threads that an operator of the network has on the CPU, from 1 to 1024. Null takes what the run in the workspace has, else the
    /// processors of all ranks over <see cref="Shards"/>. Default null.
    /// </summary>
    public int? ThreadsPerShard { get; set; }

    /// <summary>Arithmetic of the network in training. Default float32.</summary>
    public Precision Precision { get; set; } = Precision.Float32;

    /// <summary>
    /// Whether float32 matrix products on a GPU use its TF32 units (10 bits of mantissa, several times faster). Set for the whole process
    /// while the run lasts. No effect on the CPU. Default true.
    /// </summary>
    public bool AllowTf32 { get; set; } = true;

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

    /// <summary>
    /// Relative widths of averages of the power-function kind (Karras et al., arXiv 2312.02696, section 3), kept beside the usual one:
    /// none, or two, each in (0, 0.28]. With two and a <c>WorkspacePath</c>, snapshots are kept from which the average of any width is put
    /// together after training (<c>GMemModel.WithAverage</c>). The paper keeps 0.05 and 0.10. Default none.
    /// </summary>
    public IReadOnlyList<double> PowerAverageWidths { get; set; } = [];

    /// <summary>The path from noise to data. Default linear.</summary>
    public InterpolantKind Path { get; set; } = InterpolantKind.Linear;

    /// <summary>What the network predicts. Default the velocity.</summary>
    public PredictionTarget Prediction { get; set; } = PredictionTarget.Velocity;

    /// <summary>Weighting of the noise and score losses over time; the velocity loss has none. Default none.</summary>
    public LossWeighting LossWeighting { get; set; } = LossWeighting.None;

    /// <summary>
    /// What the flow starts from; null is noise of N(0, I), as in the paper. Needs a network that is conditioned on snippets. Default null,
    /// or the source of <c>GMemOptions.InitialModel</c>.
    /// </summary>
    public CentredSource? Source { get; set; }

    /// <summary>
    /// Trains a flow map, which makes images in one to a few evaluations; null trains the velocity alone. Default null. A run with one
    /// starts from a trained model (<c>GMemOptions.InitialModel</c>), and its model samples by <see cref="Sampling.SamplerKind.FlowMap"/>
    /// in 4 steps where <c>GMemOptions.Sampling</c> was left as it is.
    /// </summary>
    public FlowMapOptions? FlowMap { get; set; }

    /// <summary>
    /// What is not trained: patterns of parameters' names in which <c>*</c> stands for any characters, such as
    /// <c>blocks.*.attn.*</c> or <c>x_embedder.*</c>. Each must fit a name, and something must be left. Frozen parameters keep their bits;
    /// they have no gradients, no moments and no averages. Default none.
    /// </summary>
    public IReadOnlyList<string> Freeze { get; set; } = [];

    /// <summary>
    /// Trains a low-rank adapter on <c>GMemOptions.InitialModel</c>, whose weights stay as they are; the model that comes out has it
    /// (<c>GMemModel.Adapter</c>). Null trains the network. Default null.
    /// </summary>
    public LowRankAdapterOptions? Adapter { get; set; }

    /// <summary>How training times are drawn. Default uniform.</summary>
    public TimeDistribution TimeDistribution { get; set; } = TimeDistribution.Uniform;

    /// <summary>
    /// The terms of the loss, summed in this order, each with its weight; any <see cref="LossTerm"/>, built in or your own. The names must
    /// differ. A term that uses patch tokens applies only where the network has a projector. Default <see cref="VelocityLoss"/> (weight 1)
    /// and <see cref="ProjectionLoss"/> (weight 0.5). The public code adds <see cref="CosineLoss"/> on latents.
    /// </summary>
    public IReadOnlyList<LossTerm> Losses { get; set; } = [new VelocityLoss(), new ProjectionLoss()];

    /// <summary>
    /// Whether half of the images are mirrored left-right, one decision a sample, applied before the image and its snippet are encoded.
    /// Default false: letters and shapes with a handedness must not be mirrored. Not possible with snippets of one's own.
    /// </summary>
    public bool HorizontalFlip { get; set; }

    /// <summary>
    /// Share of the images, drawn by <see cref="Seed"/>, that is kept from training and stays in the memory bank; the loss on them, of the
    /// averaged weights and with the same noise and times every time, is comparable between steps. In [0, 1). Default 0, none.
    /// </summary>
    public double ValidationFraction { get; set; }

    /// <summary>
    /// Augmentation of the pictures that does not leak into what is generated, for small data sets. Null augments nothing. Default null.
    /// </summary>
    public ImageAugmentation? Augmentation { get; set; }

    /// <summary>
    /// Measures the quality of samples while training, and stops and keeps weights by it. Needs held-out pictures
    /// (<see cref="ValidationFraction"/>). Null measures nothing. Default null.
    /// </summary>
    public QualityOptions? Quality { get; set; }

    /// <summary>Seed of everything that is drawn at random. Default 0.</summary>
    public long Seed { get; set; }

    /// <summary>Reads the seed of the run that a workspace holds, to continue it with the same.</summary>
    /// <param name="workspacePath">The workspace; null for none.</param>
    /// <returns>The seed; null where there is no run, or none that can be read.</returns>
    public static long? SeedOfRun(string? workspacePath) => NumberOfRun(workspacePath, nameof(Seed));

    /// <summary>How the run in a workspace cut its batches, where these options do not say it.</summary>
    internal void TakeShardsOfRun(string? workspacePath)
    {
        Shards ??= (int?)NumberOfRun(workspacePath, nameof(Shards));
        ThreadsPerShard ??= (int?)NumberOfRun(workspacePath, nameof(ThreadsPerShard));
    }

    private static long? NumberOfRun(string? workspacePath, string option) =>
        workspacePath is not null && CheckpointFolder.NewestRun(workspacePath)?.GetValueOrDefault($"Training.{option}") is { } text
            && long.TryParse(text, CultureInfo.InvariantCulture, out long number)
            ? number
            : null;
}

using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Distributed;
using GMem.Encoders;
using GMem.Evaluation;
using GMem.Latents;
using GMem.Sampling;
using GMem.Training;

namespace GMem;

/// <summary>Everything that <c>GMemModel.Fit</c> can be told.</summary>
public sealed class GMemOptions
{
    /// <summary>
    /// The network. Its input size and channels, and the sizes of its conditions, are set from the data. Default: patches of 4 pixels, 192
    /// wide, 6 deep, 6 heads (4.4 million parameters), which trains on a CPU, and a snippet dropout of 0.05: the public 0.4 costs a short
    /// training most of what the memory gives (docs/settings.md).
    /// </summary>
    /// <remarks>
    /// With other <see cref="SiTOptions.Conditions"/> (labels, or none at all) it is a plain SiT, a baseline without memory. A
    /// <see cref="SiTOptions.ProjectionSize"/> above 0 switches the <see cref="ProjectionLoss"/> (REPA) of
    /// <see cref="TrainingOptions.Losses"/> on; the <see cref="Encoder"/> must then have patch tokens of that width.
    /// </remarks>
    public SiTOptions Network { get; set; } = new()
    {
        PatchSize = 4,
        HiddenSize = 192,
        Depth = 6,
        HeadCount = 6,
        Conditions = [new SnippetCondition { Dropout = 0.05 }]
    };

    /// <summary>The training run.</summary>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>How the trained model makes images, unless told otherwise.</summary>
    public SamplingOptions Sampling { get; set; } = new();

    /// <summary>
    /// Makes the snippets, and the patch tokens of the projection loss. It stays yours; the model shares its weights, so you may dispose
    /// it whenever you
    /// like. Null takes the encoder of <see cref="InitialModel"/>, or has <see cref="EncoderTrainer"/> fit one. Default null.
    /// </summary>
    public SnippetEncoder? Encoder { get; set; }

    /// <summary>
    /// Fits the encoder to the training images where there is no <see cref="Encoder"/>. Not used with snippets of your own. Default:
    /// principal components,
    /// 128 of them, of images of at most 16 pixels a side.
    /// </summary>
    public SnippetEncoderTrainer EncoderTrainer { get; set; } = new PcaEncoderTrainer();

    /// <summary>
    /// Makes the latents on which the network works. It stays yours; the model shares its weights, so you may dispose it whenever you
    /// like. One without
    /// <see cref="ImageAutoencoder.Statistics"/> gets those of the training images, in the model alone. Null works on pixels, or takes
    /// that of
    /// <see cref="InitialModel"/>. Default null.
    /// </summary>
    public ImageAutoencoder? Autoencoder { get; set; }

    /// <summary>
    /// A model whose weights training starts from (fine-tuning), on these images and with a new bank. Its network is taken as it is; of
    /// <see cref="Network"/> only the dropout of snippets and <see cref="SiTOptions.ActivationCheckpointing"/> count. Stays yours, and as
    /// it is. Null starts from random weights. Default null.
    /// </summary>
    public GMemModel? InitialModel { get; set; }

    /// <summary>
    /// The features by which <see cref="TrainingOptions.Quality"/> compares samples with held-out pictures, for instance
    /// <see cref="InceptionFeatures"/>; not those that snippets are made of. Stays yours. Null takes
    /// <see cref="RandomConvolutionFeatures"/>, which need no download. Default null.
    /// </summary>
    public FeatureExtractor? QualityFeatures { get; set; }

    /// <summary>Folder for checkpoints, logs and cached latents of runs; null keeps none. Default null.</summary>
    public string? WorkspacePath { get; set; }

    /// <summary>
    /// The processes that train together, from <see cref="RankGroup.Join"/>; each is given the same images and options and gets the same
    /// model, and the first alone writes into the workspace and reports progress. Null trains in this process alone. Default null.
    /// </summary>
    public RankGroup? Ranks { get; set; }

    /// <summary>
    /// Told when something between reading and training begins (<see cref="EncodingPhase"/>), and how far the encoding of the images has
    /// come: after every batch and, in a batch that takes longer, about once a second. One call at a time, on the training thread or one of
    /// those that encode. Default null.
    /// </summary>
    public IProgress<EncodingProgress>? EncodingProgress { get; set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(GMemOptions));
        faults.Require(Network is not null, nameof(Network), Network, "set");
        faults.Require(Training is not null, nameof(Training), Training, "set");
        faults.Require(Sampling is not null, nameof(Sampling), Sampling, "set");
        faults.Require(EncoderTrainer is not null, nameof(EncoderTrainer), EncoderTrainer, "set");
        faults.Require(WorkspacePath is not "", nameof(WorkspacePath), "empty", "the path of a folder, or null");
        if (Training?.Adapter is not null)
        {
            const string adapter = $"{nameof(Training)}.{nameof(Training.Adapter)}";
            faults.Require(InitialModel is not null, nameof(InitialModel), null, $"set with {adapter}, which is trained on it");
            faults.Require(
                InitialModel?.Adapter is null, nameof(InitialModel), "a model with an adapter",
                $"one without for {adapter}; {nameof(GMemModel.WithoutAdapter)} gives it");
            faults.Require(
                Training.Source is null, $"{nameof(Training)}.{nameof(Training.Source)}", "set",
                $"null with {adapter}, which has no place for a source; that of {nameof(InitialModel)} is kept");
            SiTOptions? initial = InitialModel?.Network;
            faults.Require(
                Training.FlowMap is null || initial is null or { IsFlowMap: true }, $"{nameof(Training)}.{nameof(Training.FlowMap)}", "set",
                $"null with {adapter}, which adds no embedding of a second time; train the flow map first");
            faults.Require(
                Training.Augmentation is null || initial?.Find<AugmentationCondition>() is not null || initial is null,
                $"{nameof(Training)}.{nameof(Training.Augmentation)}", "set",
                $"null with {adapter}, unless {nameof(InitialModel)} was trained with augmentation");
        }

        faults.Throw();
        Training!.Validate();
        Sampling!.Validate();
        CheckAugmentation(faults);
        faults.Throw();
    }

    private void CheckAugmentation(OptionFaults faults)
    {
        const string Option = "Training.Augmentation";
        if (Training.Augmentation is null)
        {
            return;
        }

        ImageAutoencoder? autoencoder = Autoencoder ?? InitialModel?.Autoencoder;
        faults.Require(
            autoencoder is null or PixelAutoencoder, Option, $"set, and the autoencoder '{autoencoder?.Kind.Name}' too",
            "null for a network on latents, which are encoded once before training; leave it null, or leave Autoencoder null to train on "
                + "pixels");
        int projection = (InitialModel?.Core.Network.Options ?? Network).ProjectionSize;
        faults.Require(
            projection == 0 || !Training.UsesPatchTokens, Option, $"set, and Network.ProjectionSize is {projection}",
            "null with a projection loss, whose targets are those of the pictures as they are; leave it null, or take the loss out of "
                + "Training.Losses");
    }

    /// <summary>A copy of these options. The training options are copied too; encoders and models are shared.</summary>
    /// <returns>The copy.</returns>
    public GMemOptions Clone() => new()
    {
        Network = Network,
        Training = Training.Clone(),
        Sampling = Sampling,
        Encoder = Encoder,
        EncoderTrainer = EncoderTrainer,
        Autoencoder = Autoencoder,
        InitialModel = InitialModel,
        QualityFeatures = QualityFeatures,
        WorkspacePath = WorkspacePath,
        EncodingProgress = EncodingProgress,
        Ranks = Ranks,
    };
}

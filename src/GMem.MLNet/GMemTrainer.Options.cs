using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Distributed;
using GMem.Encoders;
using GMem.Evaluation;
using GMem.Images;
using GMem.Latents;
using GMem.Sampling;
using GMem.Training;

namespace GMem.MLNet;

public sealed partial class GMemTrainer
{
    /// <summary>Every setting of a <see cref="GMemTrainer"/>.</summary>
    public sealed class Options
    {
        internal const string DefaultLabelColumnName = "Label";

        /// <summary>
        /// Column of training images: paths (text), <c>MLImage</c>, or encoded bytes (a vector of <see cref="byte"/>). Default
        /// <c>ImagePath</c>.
        /// </summary>
        public string ImageColumnName { get; set; } = "ImagePath";

        /// <summary>
        /// Column of snippets of your own, vectors of <see cref="float"/> of one known size; null has the built-in encoder make them.
        /// Default null.
        /// </summary>
        public string? SnippetColumnName { get; set; }

        /// <summary>
        /// Column of labels, text or a key, which the memory bank keeps with its entries, so that a prompt can ask for one and an edit
        /// remove one; the network sees them only if it has a <see cref="LabelCondition"/>. Null reads none. Default <c>Label</c>, which,
        /// unlike a name of your own, may be absent.
        /// </summary>
        public string? LabelColumnName { get; set; } = DefaultLabelColumnName;

        /// <summary>
        /// Column of numbers for each image (an age, an angle, a temperature), vectors of <see cref="float"/> of one known size, which the
        /// network is conditioned on beside the snippet; the names of the slots are kept. A <see cref="ValuesCondition"/> is added to
        /// <see cref="Network"/> unless it has one. Null reads none. Default null.
        /// </summary>
        public string? ValuesColumnName { get; set; }

        /// <summary>
        /// Side in pixels of the square to which images are cut and scaled. A multiple of the network's patch size, at most 16384.
        /// Default 32.
        /// </summary>
        public int ImageSize { get; set; } = 32;

        /// <summary>Height in pixels of images that are not square, like <see cref="ImageSize"/>, which null takes. Default null.</summary>
        public int? ImageHeight { get; set; }

        /// <summary>Width in pixels of images that are not square, like <see cref="ImageSize"/>, which null takes. Default null.</summary>
        public int? ImageWidth { get; set; }

        /// <summary>
        /// Channels of the images: 1 (grey), 3 (RGB) or 4 (RGBA). Images are converted (<see cref="RgbImage.ToChannels"/>): alpha that is
        /// not wanted is composited over white. Encoders and metrics see RGB: grey repeated, alpha composited over white. An
        /// <see cref="Autoencoder"/> must be for as many. Default 3.
        /// </summary>
        public int ImageChannels { get; set; } = ImageShape.Rgb;

        /// <summary>What becomes of pictures of another aspect ratio. Default <see cref="ImageFit.Crop"/>.</summary>
        public ImageFit ImageFit { get; set; }

        /// <summary>The shape that the settings above make; setting it sets height, width, channels and fit.</summary>
        public ImageShape ImageShape
        {
            get => new(ImageHeight ?? ImageSize, ImageWidth ?? ImageSize, ImageChannels) { Fit = ImageFit };
            set => (ImageHeight, ImageWidth, ImageChannels, ImageFit) = (value.Height, value.Width, value.Channels, value.Fit);
        }

        /// <summary>The network. Its input size, channels and snippet size are set from the data.</summary>
        public SiTOptions Network { get; set; } = new GMemOptions().Network;

        /// <summary>
        /// The training run. A <see cref="TrainingOptions.Seed"/> of 0 (the default) takes a seed from the <c>MLContext</c>.
        /// </summary>
        public TrainingOptions Training { get; set; } = new GMemOptions().Training;

        /// <summary>How the trained model makes images, unless told otherwise (<see cref="GMemTransformer.WithSampling"/>).</summary>
        public SamplingOptions Sampling { get; set; } = new GMemOptions().Sampling;

        /// <summary>
        /// Makes the snippets, and the patch tokens of the projection loss. It stays yours; the trained transformer shares its weights, so
        /// you may dispose it whenever you like. Null has <see cref="EncoderTrainer"/> fit one. Default null. Not used with
        /// <see cref="SnippetColumnName"/> but for tokens.
        /// </summary>
        public SnippetEncoder? Encoder { get; set; }

        /// <summary>Fits the encoder to the images where there is no <see cref="Encoder"/>. Default: principal components, 128 of them. See
        /// <see cref="GMemOptions.EncoderTrainer"/>.</summary>
        public SnippetEncoderTrainer EncoderTrainer { get; set; } = new GMemOptions().EncoderTrainer;

        /// <summary>
        /// An ML.NET estimator that makes a vector of <see cref="float"/> of an <c>MLImage</c>, for instance
        /// <c>ResizeImages(...).Append(ExtractPixels(...)).Append(DnnFeaturizeImage(...))</c>, an ONNX model, or one of your own. It reads
        /// <see cref="FeaturizerImageColumnName"/>, which holds the square in the middle of each image at the resolution that the image
        /// has, whichever form the rows have, and makes <see cref="FeaturizerOutputColumnName"/>. <see cref="GMemTrainer.Fit"/> fits it,
        /// makes the snippets with it, and keeps it in the model, which encodes image prompts with it. Its transformers must work row by
        /// row and be able to save themselves. Default null: see <see cref="Encoder"/>. Not used with <see cref="SnippetColumnName"/>.
        /// </summary>
        public IEstimator<ITransformer>? Featurizer { get; set; }

        /// <summary>The column of images that <see cref="Featurizer"/> reads. Default <c>Image</c>.</summary>
        public string FeaturizerImageColumnName { get; set; } = "Image";

        /// <summary>The vector that <see cref="Featurizer"/> makes. Default <c>Features</c>.</summary>
        public string FeaturizerOutputColumnName { get; set; } = "Features";

        /// <summary>
        /// Length of the snippets that are made of the vectors of <see cref="Featurizer"/>: their coordinates along that many directions in
        /// which those of the training images vary most; fewer if they vary in fewer. Null keeps the vectors. At least 1. Default 128.
        /// </summary>
        public int? SnippetDimension { get; set; } = 128;

        /// <summary>
        /// Makes the latents on which the network works; null works on pixels. It stays yours; the trained transformer shares its weights,
        /// so you may dispose it whenever you like. One without statistics gets those of the images. Default null.
        /// </summary>
        public ImageAutoencoder? Autoencoder { get; set; }

        /// <summary>
        /// A model whose weights training starts from, with a new bank. Default null. See <see cref="GMemOptions.InitialModel"/>;
        /// <see cref="TrainingOptions.Freeze"/> and <see cref="TrainingOptions.Adapter"/> of <see cref="Training"/> say what of it is
        /// trained.
        /// </summary>
        public GMemModel? InitialModel { get; set; }

        /// <summary>
        /// The features by which <see cref="TrainingOptions.Quality"/> compares samples with held-out pictures. Default null: fixed random
        /// convolutions. See <see cref="GMemOptions.QualityFeatures"/>.
        /// </summary>
        public FeatureExtractor? QualityFeatures { get; set; }

        /// <summary>Folder for checkpoints, logs and cached latents of runs; null keeps none. Default null.</summary>
        public string? WorkspacePath { get; set; }

        /// <summary>
        /// The processes that train together, from <see cref="RankGroup.Join(TimeSpan?)"/>: each is given the same data and options and
        /// gets the same transformer, which one of them saves. Each decodes and encodes its part of the images, and uses the GPU of its
        /// number on its host. Null trains in this process alone. Default null.
        /// </summary>
        public RankGroup? Ranks { get; set; }

        /// <summary>
        /// What to do with images that cannot be read, are damaged, or are more than <see cref="GMem.Images.ImageReader.MaxAspectRatio"/>
        /// times longer than wide (or wider than long). Default <see cref="BadImageHandling.Skip"/>: in a large collection some always are.
        /// </summary>
        public BadImageHandling BadImages { get; set; } = BadImageHandling.Skip;

        /// <summary>Columns and batch size of the trained transformer.</summary>
        public GenerationOptions Generation { get; set; } = new();

        /// <summary>
        /// Told about once a second while images are read, and when all are, on the thread of <see cref="GMemTrainer.Fit"/>. Default null.
        /// </summary>
        public IProgress<ReadingProgress>? ReadingProgress { get; set; }

        /// <summary>
        /// Told when something between reading and training begins (<see cref="EncodingPhase"/>), and how far the encoding has come. As
        /// <see cref="GMemOptions.EncodingProgress"/>. Default null.
        /// </summary>
        public IProgress<EncodingProgress>? EncodingProgress { get; set; }

        /// <summary>
        /// Told every <see cref="TrainingOptions.LogEveryNStep"/> steps and, for the time left, in between
        /// (<see cref="TrainingProgress.IsInterim"/>), on the training thread. If it throws, the log says so and training goes on. Default
        /// null.
        /// </summary>
        public IProgress<TrainingProgress>? Progress { get; set; }

        /// <summary>
        /// Stops reading or training. Once training has begun, <see cref="GMemTrainer.Fit"/> then returns a usable transformer of what was
        /// learned, marked as <see cref="GMemTransformer.IsPartial"/>, or throws, as <see cref="TrainingOptions.OnCancellation"/> says.
        /// Default none.
        /// </summary>
        public CancellationToken CancellationToken { get; set; }

        /// <summary>Checks all values that can be checked before the images are seen.</summary>
        /// <exception cref="ArgumentException">One or more are not valid; the message names every one.</exception>
        public void Validate()
        {
            List<string> faults = [];
            if (string.IsNullOrEmpty(ImageColumnName))
            {
                faults.Add($"{nameof(ImageColumnName)} is empty.");
            }

            if (SnippetColumnName is { Length: 0 })
            {
                faults.Add($"{nameof(SnippetColumnName)} is empty; null has the built-in encoder make the snippets.");
            }

            if (Featurizer is not null && SnippetColumnName is not null)
            {
                faults.Add($"{nameof(Featurizer)} and {nameof(SnippetColumnName)} are both given; either of them makes the snippets.");
            }

            if (string.IsNullOrEmpty(FeaturizerImageColumnName) || string.IsNullOrEmpty(FeaturizerOutputColumnName))
            {
                faults.Add($"{nameof(FeaturizerImageColumnName)} or {nameof(FeaturizerOutputColumnName)} is empty.");
            }

            if (SnippetDimension < 1)
            {
                faults.Add($"{nameof(SnippetDimension)} is {SnippetDimension}, it must be at least 1; null keeps the vectors.");
            }

            if (LabelColumnName is { Length: 0 })
            {
                faults.Add($"{nameof(LabelColumnName)} is empty; null reads no labels.");
            }

            if (ValuesColumnName is { Length: 0 })
            {
                faults.Add($"{nameof(ValuesColumnName)} is empty; null reads no values.");
            }
            else if (ValuesColumnName is not null && InitialModel?.Network.Conditions.Any(c => c is ValuesCondition) == false)
            {
                faults.Add($"{nameof(ValuesColumnName)} is '{ValuesColumnName}', but {nameof(InitialModel)} was not trained with values.");
            }

            AddImageFaults(faults);

            if (!Enum.IsDefined(BadImages))
            {
                faults.Add($"{nameof(BadImages)} is {BadImages}, it must be {nameof(BadImageHandling.Skip)} or "
                    + $"{nameof(BadImageHandling.Throw)}.");
            }

            Collect(faults, () => (Generation ?? throw new ArgumentException($"{nameof(Generation)} is null.")).Validate());
            Collect(faults, () => ToModelOptions().Validate());
            if (faults.Count > 0)
            {
                throw new ArgumentException($"{nameof(GMemTrainer)}.{nameof(Options)}: {string.Join(' ', faults)}");
            }
        }

        private void AddImageFaults(List<string> faults)
        {
            AddSideFaults(faults, nameof(ImageSize), ImageHeight is null || ImageWidth is null ? ImageSize : null);
            AddSideFaults(faults, nameof(ImageHeight), ImageHeight);
            AddSideFaults(faults, nameof(ImageWidth), ImageWidth);
            if (ImageChannels is not (ImageShape.Grey or ImageShape.Rgb or ImageShape.Rgba))
            {
                faults.Add($"{nameof(ImageChannels)} is {ImageChannels}, it must be 1 (grey), 3 (RGB) or 4 (RGBA).");
            }
            else if ((Autoencoder ?? InitialModel?.Autoencoder) is { } autoencoder && autoencoder.ImageChannels != ImageChannels)
            {
                faults.Add($"{nameof(ImageChannels)} is {ImageChannels}, but the autoencoder '{autoencoder.Kind.Name}' is for images of "
                    + $"{autoencoder.ImageChannels} channels.");
            }

            if (!Enum.IsDefined(ImageFit))
            {
                faults.Add($"{nameof(ImageFit)} is {ImageFit}, it must be {nameof(ImageFit.Crop)} or {nameof(ImageFit.Pad)}.");
            }
        }

        private void AddSideFaults(List<string> faults, string name, int? side)
        {
            if (side is < 1 or > 16384)
            {
                faults.Add($"{name} is {side}, it must be from 1 to 16384.");
            }
            else if (InitialModel is null && Network is { PatchSize: > 0 } network
                && side % (network.PatchSize * (Autoencoder?.DownsamplingFactor ?? 1)) is not (null or 0))
            {
                string cells = Autoencoder is { DownsamplingFactor: > 1 and int factor } ? $" latent cells of {factor} pixels" : "";
                faults.Add($"{name} is {side}, which is not divisible by {nameof(Network)}.{nameof(network.PatchSize)} "
                    + $"{network.PatchSize}{cells}; "
                    + "choose a multiple of it, or another patch size.");
            }
        }

        internal Options Copy()
        {
            Options copy = (Options)MemberwiseClone();
            GMemOptions parts = ToModelOptions().Clone();
            copy.Network = parts.Network;
            copy.Training = parts.Training;
            copy.Sampling = parts.Sampling;
            return copy;
        }

        internal GMemOptions ToModelOptions() => new()
        {
            Network = ValuesColumnName is null || Network is null || Network.Conditions.Any(c => c is ValuesCondition)
                ? Network!
                : Network with { Conditions = [.. Network.Conditions, new ValuesCondition()] },
            Training = Training,
            Sampling = Sampling,
            Encoder = Encoder,
            EncoderTrainer = EncoderTrainer,
            Autoencoder = Autoencoder,
            InitialModel = InitialModel,
            QualityFeatures = QualityFeatures,
            WorkspacePath = WorkspacePath,
            Ranks = Ranks,
        };

        private static void Collect(List<string> faults, Action validate)
        {
            try
            {
                validate();
            }
            catch (ArgumentException e)
            {
                faults.Add(e.Message);
            }
        }
    }
}

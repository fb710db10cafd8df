using System.CommandLine.Parsing;
using GMem.Backbone;
using GMem.Encoders;
using GMem.Images;
using GMem.Tool.ExtensionPackages;
using GMem.Training;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace GMem.Tool.Arguments;

/// <summary>The trainer's options that the command line offers; every default is the library's.</summary>
internal sealed class TrainingArguments
{
    private static readonly GMemTrainer.Options Defaults = new();
    private const double AdaptiveStep = 0.05;

    private static readonly ImageAugmentation DefaultAugmentation = new();
    private static readonly QualityOptions DefaultQuality = new();
    private static readonly SnippetCondition DefaultSnippet = Defaults.Network.Conditions.OfType<SnippetCondition>().Single();

    private readonly Option<int> _imageSize = NumberOption.Of(
        "--image-size", "Side of the square images in pixels; a multiple of the patch size.", Defaults.ImageSize, 1, 16384);
    private readonly Option<int?> _imageHeight = NumberOption.Optional(
        "--image-height", "Height of images that are not square, in pixels; without it, the image size.", 1, 16384);
    private readonly Option<int?> _imageWidth = NumberOption.Optional(
        "--image-width", "Width of images that are not square, in pixels; without it, the image size.", 1, 16384);
    private readonly Option<int> _channels = NumberOption.Of(
        "--channels", "Channels of the images: 1 (grey), 3 (RGB) or 4 (RGB and alpha).", Defaults.ImageChannels, 1, 4);
    private readonly Option<ImageFit> _fit = ChoiceOption.Of(
        "--fit", "What becomes of pictures of another aspect ratio: cropped, or padded with white.", Defaults.ImageFit);
    private readonly Option<long> _steps = NumberOption.Of("--steps", "Training steps.", Defaults.Training.TotalSteps, 1, 1_000_000_000);
    private readonly Option<int?> _shards = NumberOption.Optional(
        "--shards", "Parts of a batch that threads and processes share, a power of two; without it as many as keep them busy.", 1, 1024);
    private readonly Option<int?> _batchSize = NumberOption.Optional(
        "--batch-size", $"Images in a step; without it {TrainingOptions.DefaultBatchSize}, or all images where there are fewer.",
        1, 1 << 20);
    private readonly Option<double> _learningRate = NumberOption.Of(
        "--learning-rate", "Learning rate of AdamW.", Defaults.Training.LearningRate, 0.0, 100.0);
    private readonly Option<long> _seed = NumberOption.Of(
        "--seed", "Seed of everything drawn at random; 0 draws one, which is printed.", Defaults.Training.Seed, 0, long.MaxValue);
    private readonly Option<int> _patchSize = NumberOption.Of(
        "--patch-size", "Side of a patch, the network's token.", Defaults.Network.PatchSize, 1, 16384);
    private readonly Option<int> _hiddenSize = NumberOption.Of(
        "--hidden-size", "Width of the network.", Defaults.Network.HiddenSize, 1, 65536);
    private readonly Option<int> _depth = NumberOption.Of("--depth", "Blocks of the network.", Defaults.Network.Depth, 1, 1024);
    private readonly Option<int> _heads = NumberOption.Of("--heads", "Attention heads.", Defaults.Network.HeadCount, 1, 65536);
    private readonly Option<double> _snippetDropout = NumberOption.Of(
        "--snippet-dropout", "Probability with which an entry of a snippet is dropped in training.", DefaultSnippet.Dropout, 0, 1);
    private readonly Option<int> _snippetDimension =
        NumberOption.Of("--snippet-dimension", "Most entries a snippet has.", new PcaEncoderTrainer().Dimension, 1, int.MaxValue);
    private readonly Option<SourceKind> _source = ChoiceOption.Of(
        "--source", "What the flow starts from: noise, or noise about the image that a linear map guesses from the snippet.",
        SourceKind.Noise);
    private readonly Option<double> _sourceNoise = NumberOption.Of(
        "--source-noise", "Scale of the noise of a centred source, above 0.", new CentredSource().NoiseScale, 0.0, 1000.0);
    private readonly Option<bool> _flowMap = new("--flow-map")
    {
        Description = "Trains a flow map, which makes images in 1 to 4 steps; best a short second stage from a trained model."
    };
    private readonly Option<string?> _values = new("--values")
    {
        HelpName = "path",
        Description = "A table (CSV, TSV) with a column of paths and columns of numbers, which the network is conditioned on; "
            + "'gmem generate --values' asks for them."
    };

    private readonly Option<bool> _flip = new("--flip")
    {
        Description = "Mirrors half of the images; not for letters or anything with a "
        + "handedness."
    };

    private readonly Option<bool> _augment = new("--augment")
    {
        Description = "Shifts, scales, turns, stretches and recolours some of the images and tells the network so; what is generated is "
            + "not augmented. For small data sets."
    };
    private readonly Option<double?> _augmentStrength = new("--augment-strength")
    {
        HelpName = "n|auto",
        Description = "Probability of each kind of augmentation, from 0 to 1, or auto, which follows the share of copies that "
            + $"--quality-every measures; without it {DefaultAugmentation.Probability.ToString(CultureInfo.InvariantCulture)}. Augments.",
        CustomParser = ParseStrength,
    };
    private readonly Option<double> _validation = NumberOption.Of(
        "--validation-fraction", "Share of the images that is held out: not trained on, but measured by.",
        Defaults.Training.ValidationFraction, 0.0, 0.99);
    private readonly Option<int?> _qualityEvery = NumberOption.Optional(
        "--quality-every",
        $"Measures samples against the held-out images every so many steps and keeps the best weights; {DefaultQuality.EveryNStep} where "
            + "only the patience is given.", 1, int.MaxValue);
    private readonly Option<int> _qualitySamples = NumberOption.Of(
        "--quality-samples", "Samples of a measurement.", DefaultQuality.SampleCount, 4, 100_000);
    private readonly Option<int> _qualitySteps = NumberOption.Of(
        "--quality-sampling-steps", "Solver steps of these samples.", DefaultQuality.SamplerSteps!.Value, 1, 10_000);
    private readonly Option<int> _qualityPatience = NumberOption.Of(
        "--quality-patience", "Stops after so many measurements in a row without a lower distance; 0 never stops early.",
        DefaultQuality.EarlyStoppingPatience, 0, int.MaxValue);

    private readonly Option<string?> _encoder = new("--encoder")
    {
        HelpName = "path or resnet18",
        Description = "What makes snippets: DINOv2 weights (.safetensors or .pth), a network of one's own (.onnx), or resnet18, the last "
            + "two with the extension GMem.ResNet18 (gmem extension add); without it, principal components of the pixels."
    };
    private readonly Option<int?> _encoderSize = NumberOption.Optional(
        "--encoder-size", "Side of the pictures that an .onnx encoder is given; without it, the network's.", 1, 4096);
    private readonly Option<double> _encoderScale = NumberOption.Of(
        "--encoder-scale", "What pixels (0 to 255) are multiplied by for an .onnx encoder, for instance 0.003921569.", 1.0, 1e-9, 1e9);
    private readonly Option<double> _encoderOffset = NumberOption.Of(
        "--encoder-offset", "What is subtracted from pixels before, for an .onnx encoder.", 0.0, -1e9, 1e9);
    private readonly Option<string?> _autoencoder = new("--autoencoder")
    {
        HelpName = "path",
        Description = "Weights of a KL autoencoder (.safetensors or .pth) to train in the latent space of; without it, in pixels."
    };
    private readonly Option<string?> _workspace = new("--workspace")
    {
        HelpName = "path",
        Description = "A folder for checkpoints, metrics, samples and a report; the same command goes on with the run that is there."
    };

    public TrainingArguments(Command command)
    {
        Option[] options = [_imageSize, _imageHeight, _imageWidth, _channels, _fit, _steps, _batchSize, _shards, _learningRate, _seed,
            _patchSize, _hiddenSize, _depth, _heads, _snippetDropout, _snippetDimension, _source, _sourceNoise, _flowMap, _values, _flip,
            _augment, _augmentStrength, _validation, _qualityEvery, _qualitySamples, _qualitySteps, _qualityPatience, _encoder,
            _encoderSize, _encoderScale, _encoderOffset, _autoencoder, _workspace];
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Takes from the model that training starts from what its network decides.</summary>
    /// <exception cref="ArgumentException">Such a thing was given.</exception>
    public void StartFrom(ParseResult parsed, GMemTrainer.Options options, GMemModel initial)
    {
        foreach (Option option in new Option[] { _patchSize, _hiddenSize, _depth, _heads, _snippetDimension })
        {
            if (IsGiven(option))
            {
                throw new ArgumentException($"{option.Name} is decided by the model of --from; leave it out.");
            }
        }

        options.InitialModel = initial;
        if (!new Option[] { _imageSize, _imageHeight, _imageWidth, _channels, _fit }.Any(IsGiven))
        {
            options.ImageShape = initial.ImageShape;
        }

        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    private enum SourceKind
    {
        Noise,
        Centred,
    }

    /// <summary>What makes snippets and latents: files of weights, or a name.</summary>
    public (string? Encoder, string? Autoencoder) Weights(ParseResult parsed) => (parsed.GetValue(_encoder), parsed.GetValue(_autoencoder));

    /// <summary>Files that the run reads besides the images.</summary>
    public IEnumerable<string?> Files(ParseResult parsed) =>
        new[] { parsed.GetValue(_encoder), parsed.GetValue(_autoencoder), parsed.GetValue(_values) }
            .Where(f => f != OnnxFeaturizers.ResNet18);

    /// <summary>Loads the weights of an encoder, to be disposed, or sets the featurizer; null where there is none of the former.</summary>
    public SnippetEncoder? SetEncoder(ParseResult parsed, MLContext ml, GMemTrainer.Options options)
    {
        string? encoder = parsed.GetValue(_encoder);
        if (encoder is null || !OnnxFeaturizers.IsOne(encoder))
        {
            return options.Encoder = encoder is null ? null : SnippetEncoder.DinoV2(encoder);
        }

        options.Featurizer = OnnxFeaturizers.Create(
            ml, encoder, parsed.GetValue(_encoderSize), parsed.GetValue(_encoderScale), parsed.GetValue(_encoderOffset));
        return null;
    }

    /// <summary>The images as rows, with their values where there is a table of them.</summary>
    public IDataView Rows(ParseResult parsed, MLContext ml, IReadOnlyList<ImageFile> images)
    {
        if (parsed.GetValue(_values) is not { } table)
        {
            return ml.Data.LoadFromEnumerable(images);
        }

        ImageValues values = ImageValues.Read(table);
        ImageRow[] rows = [.. images.Select(i => new ImageRow(i.ImagePath, i.Label, values.Of(i.ImagePath)))];
        SchemaDefinition schema = SchemaDefinition.Create(typeof(ImageRow));
        SchemaDefinition.Column column = schema[nameof(ImageRow.Values)];
        column.ColumnType = new VectorDataViewType(NumberDataViewType.Single, values.Names.Count);
        ReadOnlyMemory<char>[] names = [.. values.Names.Select(n => n.AsMemory())];
        column.AddAnnotation(
            "SlotNames", new VBuffer<ReadOnlyMemory<char>>(names.Length, names),
            new VectorDataViewType(TextDataViewType.Instance, names.Length));
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    /// <summary>NaN stands for auto.</summary>
    private static double? ParseStrength(ArgumentResult result)
    {
        string text = string.Join(' ', result.Tokens.Select(t => t.Value));
        if (text.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return double.NaN;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= 1)
        {
            return value;
        }

        result.AddError($"--augment-strength is '{text}', but must be a number from 0 to 1, or auto.");
        return null;
    }

    private ImageAugmentation? Augmentation(ParseResult parsed) => parsed.GetValue(_augmentStrength) switch
    {
        null => parsed.GetValue(_augment) ? new ImageAugmentation() : null,
        double.NaN => new ImageAugmentation { AdaptiveStep = AdaptiveStep },
        double probability => new ImageAugmentation { Probability = probability },
    };

    /// <summary>Null where neither a number of steps nor the patience asks for measurements.</summary>
    private QualityOptions? Quality(ParseResult parsed)
    {
        (int? every, int patience) = (parsed.GetValue(_qualityEvery), parsed.GetValue(_qualityPatience));
        return every is null && patience == 0 ? null : new QualityOptions
        {
            EveryNStep = every ?? DefaultQuality.EveryNStep,
            SampleCount = parsed.GetValue(_qualitySamples),
            SamplerSteps = parsed.GetValue(_qualitySteps),
            EarlyStoppingPatience = patience,
        };
    }

    public int SnippetDimension(ParseResult parsed) => parsed.GetValue(_snippetDimension);

    public GMemTrainer.Options ToOptions(ParseResult parsed)
    {
        GMemTrainer.Options options = new()
        {
            ImageSize = parsed.GetValue(_imageSize),
            ImageHeight = parsed.GetValue(_imageHeight),
            ImageWidth = parsed.GetValue(_imageWidth),
            ImageChannels = parsed.GetValue(_channels),
            ImageFit = parsed.GetValue(_fit),
            EncoderTrainer = new PcaEncoderTrainer { Dimension = SnippetDimension(parsed) },
            SnippetDimension = SnippetDimension(parsed),
            WorkspacePath = parsed.GetValue(_workspace),
            ValuesColumnName = parsed.GetValue(_values) is null ? null : nameof(ImageRow.Values),
        };
        options.Training.TotalSteps = parsed.GetValue(_steps);
        options.Training.BatchSize = parsed.GetValue(_batchSize);
        options.Training.Shards = parsed.GetValue(_shards);
        options.Training.LearningRate = parsed.GetValue(_learningRate);
        options.Training.Seed = parsed.GetValue(_seed);
        options.Training.HorizontalFlip = parsed.GetValue(_flip);
        options.Training.FlowMap = parsed.GetValue(_flowMap) ? new FlowMapOptions() : null;
        options.Training.ValidationFraction = parsed.GetValue(_validation);
        options.Training.Quality = Quality(parsed);
        options.Training.Augmentation = Augmentation(parsed);
        if (options.Training is { Quality: null, Augmentation.AdaptiveStep: > 0 })
        {
            throw new ArgumentException(
                "--augment-strength is auto, which follows the share of copies among samples: give --quality-every and "
                    + "--validation-fraction too, or a number from 0 to 1.");
        }

        options.Training.Source = parsed.GetValue(_source) == SourceKind.Centred
            ? new CentredSource { NoiseScale = parsed.GetValue(_sourceNoise) }
            : null;
        options.Network = options.Network with
        {
            PatchSize = parsed.GetValue(_patchSize),
            HiddenSize = parsed.GetValue(_hiddenSize),
            Depth = parsed.GetValue(_depth),
            HeadCount = parsed.GetValue(_heads),
            Conditions = [new SnippetCondition { Dropout = parsed.GetValue(_snippetDropout) }],
        };
        return options;
    }

    private sealed record ImageRow(string ImagePath, string Label, float[] Values);
}

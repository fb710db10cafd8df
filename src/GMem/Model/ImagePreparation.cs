using GMem.Autoencoders;
using GMem.Backbone;
using GMem.Distributed;
using GMem.Encoders;
using GMem.FileFormats;
using GMem.Images;
using GMem.Latents;
using GMem.Memory;
using GMem.Training;

namespace GMem;

/// <summary>From images to all that training needs: check, encode once, build the bank.</summary>
internal sealed class ImagePreparation
{
    private readonly TrainingImages _images;
    private readonly GMemOptions _options;
    private readonly NetworkPlan _plan;
    private readonly torch.Device _device;
    private readonly CancellationToken _cancellationToken;
    private readonly List<IDisposable> _owned = [];

    public ImagePreparation(TrainingImages images, GMemOptions options, torch.Device device, CancellationToken cancellationToken)
    {
        _images = images;
        _options = options;
        _plan = new NetworkPlan(options, images.Shape.Channels);
        _device = device;
        _cancellationToken = cancellationToken;
        CheckImages();
    }

    private RowSource Images => _images.Rows;

    private ImageShape Shape => _images.Shape;

    private RankGroup Ranks => _options.Ranks ?? RankGroup.Alone;

    private bool Mirror => _options.Training.HorizontalFlip;

    /// <exception cref="ArgumentException">The images or the options do not fit; the message says which and why.</exception>
    public PreparedTraining Run()
    {
        try
        {
            return Prepare();
        }
        catch
        {
            _owned.ForEach(o => o.Dispose());
            throw;
        }
    }

    private PreparedTraining Prepare()
    {
        _plan.Hold(_owned);
        bool makesSnippets = _plan.UsesSnippets && _images.Snippets is null;
        SnippetEncoder? encoder = makesSnippets || _plan.UsesTokens ? _plan.Encoder ?? (makesSnippets ? FitEncoder() : null) : null;
        _plan.RequireTokens(encoder);
        if (makesSnippets && encoder is { UsesSourceResolution: true })
        {
            throw new ArgumentException(
                $"The encoder '{encoder.Kind.Name}' takes pictures at their own resolution, of which these are scaled copies: give the "
                    + "snippets that it makes of the pictures (TrainingImages.Snippets and Encoder), as GMemTrainer does.");
        }

        ImageAutoencoder? latentsBy = _plan.Autoencoder is PixelAutoencoder ? null : _plan.Autoencoder;
        (int Rows, int Columns)? tokenGrid = _plan.UsesTokens ? _plan.NetworkFor(Shape).Grid : null;
        ImageEncoding encoding = new(latentsBy, encoder, tokenGrid, Mirror);
        EncodedRows encoded = LatentCache.Encode(
            Images, encoding, _options.WorkspacePath, _options.EncodingProgress, _cancellationToken, Ranks);
        _owned.Add(encoded);

        LatentStatistics? statistics = _plan.Autoencoder.NormalizesLatents
            ? _plan.Statistics ?? ComputeStatistics(encoded)
            : null;
        MemoryBank? bank = _plan.UsesSnippets ? Bank(encoded, makesSnippets) : null;
        MemoryBank? mirroredBank = !_plan.UsesSnippets || !Mirror ? null
            : makesSnippets ? Rows(encoded, EncodedTable.Mirrored(EncodedTable.Snippets), null, null)
            : MemoryBank.FromRows(_images.MirroredSnippets!);
        ConditionData conditionData = ConditionSource.Of(bank, mirroredBank, _images.Labels, classNames: null, _images.ConditionValues);
        ITrainingData data = latentsBy is null
            ? new PixelData(Images, _plan.Autoencoder, Mirror)
            : new LatentData(
                RowPair.Find(encoded, EncodedTable.Latents)!, RowPair
                    .Find(encoded, EncodedTable.Deviations), statistics, _options.Training.Seed);
        return new PreparedTraining(_owned)
        {
            Set = new TrainingSet(data, _device)
            {
                ConditionData = conditionData,
                Conditions = _plan.Conditions(conditionData),
                Tokens = tokenGrid is not null ? RowPair.Find(encoded, EncodedTable.Tokens) : null,
            },
            Bank = bank,
            Encoder = makesSnippets ? encoder : _plan.UsesSnippets ? EncoderOfTheSnippets() : null,
            Autoencoder = _plan.Normalised(statistics, _owned),
            Pictures = Images,
            ImageShape = Shape,
        };
    }

    private SnippetEncoder? EncoderOfTheSnippets()
    {
        if (_images.Encoder is not { } encoder)
        {
            return null;
        }

        if (encoder.Dimension != _images.Snippets!.shape[1])
        {
            throw new ArgumentException(
                $"The images' Encoder gives snippets of {encoder.Dimension} entries, but their Snippets have {_images.Snippets.shape[1]}.");
        }

        _owned.Add(encoder.NewHandle());
        return encoder;
    }

    private LatentStatistics ComputeStatistics(EncodedRows encoded)
    {
        Tell(EncodingPhase.Statistics);
        return RankAgreement.Compute(Ranks, () => LatentStatisticsPass.Compute(encoded, _cancellationToken));
    }

    private void Tell(EncodingPhase phase) =>
        _options.EncodingProgress?.Report(new EncodingProgress(0, 0, Images.Count) { Phase = phase });

    private SnippetEncoder FitEncoder()
    {
        Tell(EncodingPhase.Encoder);
        SnippetEncoder encoder = RankAgreement.Fit(Ranks, () => _options.EncoderTrainer.Fit(new ImageRows(Images), _cancellationToken));
        _owned.Add(encoder);
        return encoder;
    }

    private MemoryBank Bank(EncodedRows encoded, bool makesSnippets)
    {
        Tell(EncodingPhase.Memory);
        return makesSnippets
            ? Rows(encoded, EncodedTable.Snippets, _images.Labels, _images.Sources)
            : MemoryBank.FromRows(_images.Snippets!, _images.Labels, _images.Sources);
    }

    private MemoryBank Rows(EncodedRows encoded, string name, IReadOnlyList<string>? labels, IReadOnlyList<string>? sources)
    {
        using torch.Tensor all = encoded[name].Range(0, Images.Count);
        MemoryBank bank = MemoryBank.FromRows(all, labels, sources);
        encoded.Drop(name);
        return bank;
    }

    private void CheckImages()
    {
        IReadOnlyList<long> shape = Images.RowShape;
        if (Images.Type != torch.uint8 || shape.Count != 3 || !ImageShape.IsChannelCount(shape[0]))
        {
            throw new ArgumentException(
                $"Images must be uint8 [N, C, H, W] with 1, 3 or 4 channels; these are {Images.Type} "
                    + $"[{string.Join(", ", shape.Prepend(Images.Count))}].");
        }

        _ = _plan.NetworkFor(Shape);

        int factor = _plan.Autoencoder.DownsamplingFactor, patch = _plan.Network.PatchSize * factor;
        if (patch > 0 && (Shape.Height % patch != 0 || Shape.Width % patch != 0))
        {
            string size = Shape.Height == Shape.Width ? $"{Shape.Height}" : $"{Shape.Width} x {Shape.Height}";
            string why = factor == 1 ? "" : $" ({_plan.Network.PatchSize} latent cells of {factor} pixels)";
            throw new ArgumentException(
                $"The image size {size} is not divisible by the patch of {patch} pixels{why}; choose an image size that is a "
                    + "multiple of it, or another PatchSize (1, 2, 4 or 8).");
        }

        ImageSplit.FitBatch(Images.Count, _options.Training);

        CheckSnippets(_images.Snippets, nameof(_images.Snippets));
        CheckSnippets(_images.MirroredSnippets, nameof(_images.MirroredSnippets));
        foreach ((string name, torch.Tensor values) in _images.ConditionValues)
        {
            if (values.dim() == 0 || values.shape[0] != Images.Count)
            {
                throw new ArgumentException(
                    $"{nameof(_images.ConditionValues)}['{name}'] must have one row an image; it is [{string.Join(", ", values.shape)}] "
                        + $"for {Images.Count} images.");
            }
        }

        if (_images.Snippets is not null && _images.MirroredSnippets is null && Mirror && _plan.UsesSnippets)
        {
            throw new ArgumentException(
                "HorizontalFlip needs the snippets of the mirrored images, which an encoder makes; with snippets of your own give "
                    + "MirroredSnippets too, or set HorizontalFlip = false.");
        }
    }

    private void CheckSnippets(torch.Tensor? snippets, string name)
    {
        if (snippets is not null && (snippets.shape.Length != 2 || snippets.shape[0] != Images.Count))
        {
            throw new ArgumentException(
                $"{name} must be [N, m] with one row an image; these are [{string.Join(", ", snippets.shape)}] for {Images.Count} images.");
        }
    }
}

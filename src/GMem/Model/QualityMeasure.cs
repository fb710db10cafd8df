using GMem.Distributed;
using GMem.Evaluation;
using GMem.FileFormats;
using GMem.Images;
using GMem.Training;

namespace GMem;

/// <summary>
/// Measures a model in training for <see cref="TrainingOptions.Quality"/>: samples of the memory entries of pictures that are trained on,
/// against held-out pictures and against those that are trained on. Ranks share the sampling; the first compares.
/// </summary>
internal sealed class QualityMeasure : IDisposable
{
    private const int FewestHeldOut = 4;

    /// <summary>Of more pictures so many are compared with, evenly spread: their features are kept in memory.</summary>
    private const int MostReferences = 50_000;

    private const int BatchSize = 64;

    private readonly GMemModel _model;
    private readonly RankGroup _ranks;
    private readonly RowSource _pictures;
    private readonly FeatureExtractor _features;
    private readonly bool _ownsFeatures;
    private readonly long[] _heldOut;
    private readonly long[] _trained;
    private readonly long[] _entries;
    private readonly GenerationRequest[] _requests;
    private torch.Tensor? _ofTrained;
    private FeatureStatistics? _ofHeldOut;
    private double _heldOutCopyShare;

    /// <exception cref="ArgumentException">There are no pictures, or too few of them are held out.</exception>
    public QualityMeasure(PreparedTraining data, GMemOptions options, GMemModel preview, RankGroup ranks)
    {
        TrainingOptions training = options.Training;
        QualityOptions quality = training.Quality!;
        _pictures = data.Pictures ?? throw new ArgumentException(
            "Training.Quality compares samples with held-out pictures, but there are only latents, encoded before; train on the pictures, "
                + "or set Training.Quality = null.");
        ImageSplit split = new(data.Set.Count, training.ValidationFraction, training.Seed);
        (_heldOut, _trained) = (Spread(split.Validation), Spread(split.Training));
        if (_heldOut.Length < FewestHeldOut || _trained.Length < 2)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"Training.Quality needs at least {FewestHeldOut} held-out pictures and 2 to train on, but ValidationFraction "
                    + $"{training.ValidationFraction} of {data.Set.Count} pictures holds out {_heldOut.Length}; change it, or bring "
                    + $"more pictures."));
        }

        _ranks = ranks;
        _model = preview.WithSampling(preview.Sampling with { Steps = quality.SamplerSteps ?? preview.Sampling.Steps });
        _ownsFeatures = options.QualityFeatures is null;
        _features = options.QualityFeatures ?? new RandomConvolutionFeatures();

        // Always the same entries and seeds, so that measurements differ by the weights alone.
        using torch.Generator generator = RandomStream.Create(training.Seed, RandomPurpose.Evaluation, 1);
        using torch.Tensor order = torch.randperm(_trained.Length, generator: generator);
        long[] shuffled = order.data<long>().ToArray();
        _entries = [.. Enumerable.Range(0, quality.SampleCount).Select(i => shuffled[i % shuffled.Length])];
        _requests = [.. _entries.Select((entry, i) => Request(data, i + 1, _trained[entry]))];
    }

    /// <summary>Measures the network as it is. All ranks call this and get the same.</summary>
    public QualityMeasurement Measure()
    {
        List<RgbImage> images = [];
        foreach (GenerationRequest[] some in _requests.Chunk(BatchSize * _ranks.Size))
        {
            images.AddRange(RankGeneration.Run(_model, some, _ranks, CancellationToken.None).Select(i => i.Image));
        }

        QualityMeasurement? own = _ranks.Rank == 0 ? _ranks.WithHostThreads(() => Compare(images)) : null;
        if (_ranks.Size == 1)
        {
            return own!;
        }

        double[] all = _ranks.ExchangeNumbers([own?.FrechetDistance ?? 0, own?.CopyShare ?? 0, own?.HeldOutCopyShare ?? 0]);
        return new QualityMeasurement(all[0], all[1], all[2]);
    }

    public void Dispose()
    {
        _model.Dispose();
        _ofTrained?.Dispose();
        _ofHeldOut?.Dispose();
        if (_ownsFeatures)
        {
            _features.Dispose();
        }
    }

    private QualityMeasurement Compare(List<RgbImage> images)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor? heldOut = null;
        if (_ofTrained is null)
        {
            _ofTrained = FeaturesOf(_trained, some => _pictures.Rows(some)).DetachFromDisposeScope();
            heldOut = FeaturesOf(_heldOut, some => _pictures.Rows(some));
        }

        torch.Tensor made = FeaturesOf(images, some => ImageTensors.ToTensor(some));

        return OnOneThread(() =>
        {
            if (heldOut is not null)
            {
                _ofHeldOut = FeatureStatistics.Compute(heldOut);
                _heldOutCopyShare = CopyCheck.Compute(_ofTrained, heldOut).Share;
            }

            using FeatureStatistics ofMade = FeatureStatistics.Compute(made);
            CopyCheckResult copies = CopyCheck.Compute(_ofTrained, made, _model.HasMemory ? _entries : null);
            return new QualityMeasurement(FrechetDistance.Compute(_ofHeldOut!, ofMade), copies.Share, _heldOutCopyShare);
        });
    }

    /// <summary>The last bits of products and decompositions depend on the number of threads, which ranks divide.</summary>
    private static T OnOneThread<T>(Func<T> action)
    {
        int threads = torch.get_num_threads();
        torch.set_num_threads(1);
        try
        {
            return action();
        }
        finally
        {
            torch.set_num_threads(threads);
        }
    }

    /// <summary>Our own features are computed on all cores, a batch on each, so that their bits do not depend on the cores.</summary>
    private torch.Tensor FeaturesOf<T>(IReadOnlyList<T> items, Func<T[], torch.Tensor> load)
    {
        T[][] batches = [.. items.Chunk(BatchSize)];
        torch.Tensor[] parts = new torch.Tensor[batches.Length];
        void Extract(int i)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            parts[i] = _features.Extract(ImageTensors.ToRgb(load(batches[i]))).DetachFromDisposeScope();
        }

        try
        {
            if (_ownsFeatures && batches.Length > 1)
            {
                CoreThreads.For(batches.Length, Extract);
            }
            else if (_ownsFeatures)
            {
                // By itself a batch would have all threads, and other bits.
                _ = OnOneThread(() =>
                {
                    Extract(0);
                    return true;
                });
            }
            else
            {
                Array.ForEach([.. Enumerable.Range(0, batches.Length)], Extract);
            }

            return torch.cat(parts);
        }
        finally
        {
            Array.ForEach(parts, part => part?.Dispose());
        }
    }

    private GenerationRequest Request(PreparedTraining data, long seed, long image)
    {
        Dictionary<string, ReadOnlyMemory<float>> values = [];
        foreach ((string name, torch.Tensor rows) in data.Set.ConditionData.Values)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            values[name] = rows[image].to(torch.float32).contiguous().data<float>().ToArray();
        }

        return new GenerationRequest(seed, _model.HasMemory ? image : null, Values: values);
    }

    private static long[] Spread(IReadOnlyList<long> images)
    {
        int count = Math.Min(images.Count, MostReferences);
        return [.. Enumerable.Range(0, count).Select(i => images[(int)((long)i * images.Count / count)])];
    }
}

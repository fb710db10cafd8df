using System.Diagnostics;
using GMem.Backbone;
using GMem.Evaluation;
using GMem.Images;
using GMem.Sampling;

namespace GMem;

/// <summary>One run of <see cref="GMemModel.Tune"/>: halves of the real pictures, what can be searched, and the measurements.</summary>
internal sealed class SamplingTuning : IDisposable
{
    /// <summary>Real pictures below which halves say nothing.</summary>
    public const int FewestReal = 16;

    private readonly GMemModel _model;
    private readonly TuningOptions _options;
    private readonly FeatureExtractor? _own;
    private readonly FeatureExtractor _features;
    private readonly FeatureStatistics[] _halves = new FeatureStatistics[2];
    private readonly double?[] _unseen = new double?[2];
    private readonly long _realCount;
    private readonly IProgress<TuningCandidate>? _progress;
    private readonly CancellationToken _cancellationToken;
    private FeatureSet? _training;

    public SamplingTuning(
        GMemModel model, torch.Tensor real, torch.Tensor? training, TuningOptions options, IProgress<TuningCandidate>? progress,
        CancellationToken cancellationToken)
    {
        (_model, _options, _progress, _cancellationToken) = (model, options, progress, cancellationToken);
        Check(real, nameof(real), FewestReal);
        if (training is not null)
        {
            Check(training, nameof(training), 2);
        }

        // What a candidate would say first: a model that cannot make images of seeds alone.
        model.Validate(new GenerationRequest(options.Seed));
        _own = options.Features is null ? new RandomConvolutionFeatures(device: model.Device) : null;
        _features = options.Features ?? _own!;
        _realCount = real.shape[0] / 2;
    }

    public TuningResult Run(torch.Tensor real, torch.Tensor? training)
    {
        _training = training is null ? null : Features(training);
        Halve(real);
        List<string> skipped = [];
        TunedSetting[] settings = [.. Settings(skipped)];
        SamplingSearch search = new((change, sampling) => Measure(change, sampling, half: 0), _unseen[0]);
        TuningCandidate best = search.Run(_model.Sampling, settings, _options.Rounds);
        TuningCandidate untuned = Measure("untuned", _model.Sampling, half: 1);
        bool isKept = ReferenceEquals(best, search.All[0]);
        return new TuningResult
        {
            Chosen = new TuningHalf(search.All[0], best, _unseen[0]),
            Report = new TuningHalf(untuned, isKept ? untuned : Measure("tuned", best.Sampling, half: 1), _unseen[1]),
            Candidates = search.All,
            Skipped = skipped,
            RealCount = _realCount,
            Samples = _options.Samples,
            FeatureName = _features.Name,
        };
    }

    public void Dispose()
    {
        _own?.Dispose();
        _training?.Dispose();
        foreach (FeatureStatistics? half in _halves)
        {
            half?.Dispose();
        }
    }

    /// <summary>At random, since pictures that lie side by side are often of one kind.</summary>
    private void Halve(torch.Tensor real)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(_options.Seed, RandomPurpose.Evaluation);
        torch.Tensor order = torch.randperm(real.shape[0], generator: generator);
        for (int half = 0; half < 2; half++)
        {
            using FeatureSet set = Features(real.index_select(0, order.narrow(0, half * _realCount, _realCount)));
            _halves[half] = set.ToStatistics();
            _unseen[half] = CopyShare(set);
        }
    }

    private IEnumerable<TunedSetting> Settings(List<string> skipped)
    {
        bool adapts = _model.Sampling.Kind == SamplerKind.Ode && _model.Sampling.OdeMethod.IsAdaptive;
        string? noGuidance = WhyNoGuidance();
        string? noNovelty = !_model.HasMemory ? "the model has no memory bank"
            : _training is null ? "it is for fewer copies, which are not measured without the training pictures"
            : null;
        (TunedSetting Setting, string? Reason)[] all =
        [
            (TunedSetting.Guidance(_options, _model.Sampling.GuidanceIntervalEnd), noGuidance),
            (TunedSetting.Shift(_options), adapts ? $"{_model.Sampling.OdeMethod.Name} chooses its own steps" : null),
            (TunedSetting.Novelty(_options), noNovelty),
        ];
        foreach ((TunedSetting setting, string? reason) in all)
        {
            if ((reason ?? WhyRefused(setting)) is { } why)
            {
                skipped.Add($"{setting.Name}: {why}");
            }
            else
            {
                yield return setting;
            }
        }

        if (_training is null)
        {
            skipped.Add("copies: not measured without the training pictures, so a candidate may win by copying");
        }
    }

    private string? WhyNoGuidance()
    {
        IReadOnlyList<Condition> conditions = _model.Core.Network.Conditions;
        return conditions.Count == 0 ? "the network is not conditioned on anything"
            : conditions.Any(c => c is SnippetCondition { Dropout: 0 })
                ? "the network was trained without snippet dropout, so it does not know the null condition"
            : null;
    }

    /// <summary>What the model itself says to the last value of a setting.</summary>
    private string? WhyRefused(TunedSetting setting)
    {
        try
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using GMemModel probe = _model.WithSampling(setting.Values.Aggregate(_model.Sampling, (sampling, apply) => apply(sampling)));
            probe.Validate(new GenerationRequest(_options.Seed));
            _ = probe.Sampling.GuidanceScale != 1 ? probe.Core.Network.NullConditions(1) : [];
            return null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    /// <summary>The report has seeds of its own: the search may have chosen what suits those of its own.</summary>
    private TuningCandidate Measure(string change, SamplingOptions sampling, int half)
    {
        using GMemModel model = _model.WithSampling(sampling);
        long start = Stopwatch.GetTimestamp();
        TimeSpan making = TimeSpan.Zero;
        using FeatureSet made = FeatureSet.Compute(_features, Batches(), cancellationToken: _cancellationToken);
        using FeatureStatistics statistics = made.ToStatistics();
        TuningCandidate candidate = new(
            change, sampling, FrechetDistance.Compute(_halves[half], statistics), CopyShare(made), making);
        _progress?.Report(candidate);
        return candidate;

        IEnumerable<torch.Tensor> Batches()
        {
            long first = _options.Seed + (half * (long)_options.Samples);
            foreach (long[] seeds in Enumerable.Range(0, _options.Samples).Select(i => first + i).Chunk(_options.BatchSize))
            {
                start = Stopwatch.GetTimestamp();
                IReadOnlyList<GeneratedImage> images = model.Generate(
                    [.. seeds.Select(seed => new GenerationRequest(seed))], _cancellationToken);
                making += Stopwatch.GetElapsedTime(start);
                yield return ImageTensors.ToTensor([.. images.Select(i => i.Image)]);
            }
        }
    }

    private FeatureSet Features(torch.Tensor images) =>
        FeatureSet.Compute(_features, images, cancellationToken: _cancellationToken);

    /// <summary>Against the nearest training picture, of generated and unseen pictures alike, so that they can be compared.</summary>
    private double? CopyShare(FeatureSet set) => _training is null ? null : CopyCheck.Compute(_training.Features, set.Features).Share;

    private void Check(torch.Tensor images, string name, int fewest)
    {
        ImageShape shape = _model.ImageShape;
        long[] one = [shape.Channels, shape.Height, shape.Width];
        if (images.dtype != torch.uint8 || images.dim() != 4 || !images.shape[1..].SequenceEqual(one))
        {
            throw new ArgumentException(
                $"The {name} pictures must be uint8 [N, {string.Join(", ", one)}], as the model makes them; these are {images.dtype} "
                    + $"[{string.Join(", ", images.shape)}].", name);
        }

        if (images.shape[0] < fewest)
        {
            throw new ArgumentException(
                $"There are {images.shape[0]} {name} pictures, expected at least {fewest}"
                    + $"{(name == "real" ? ": half of them to choose on, half for the report" : "")}.", name);
        }
    }
}

using GMem.Evaluation;
using GMem.Runtime;

namespace GMem.MLNet.Evaluation;

/// <summary>The user's features, or those by default, which are disposed with this.</summary>
internal sealed class FeatureSource : IDisposable
{
    private readonly FeatureExtractor? _own;

    public FeatureSource(FeatureExtractor? given)
    {
        GMemRuntime.EnsureLoaded();
        _own = given is null ? new RandomConvolutionFeatures() : null;
        Extractor = given ?? _own!;
    }

    public FeatureExtractor Extractor { get; }

    public void Dispose() => _own?.Dispose();
}

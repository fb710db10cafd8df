using GMem.Encoders;
using GMem.Evaluation;
using GMem.Parts;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Evaluation;

public sealed class FeatureSetTests
{
    [Fact]
    public void Compute_Batches_JoinsAllThatTheNetworkGives()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using MeanFeatures extractor = new();
        Counts done = new();
        torch.Tensor images = TensorNumbers.Range(0, 5 * 12).to(torch.uint8).reshape(5, 3, 2, 2);
        using FeatureSet set = FeatureSet.Compute(extractor, images, 2, done, TestContext.Current.CancellationToken);
        torch.Tensor means = images.to(torch.float32).mean([2, 3]);
        ReferenceFolder.Close(set.Features, means, 0, 1e-6, "features");
        ReferenceFolder.Close(set.SpatialFeatures!, means.narrow(1, 0, 1), 0, 1e-6, "spatial features");
        ReferenceFolder.Close(set.Logits!, means.narrow(1, 1, 2), 0, 1e-6, "logits");
        Assert.Equal("means", set.Name);
        Assert.Equal([2L, 4L, 5L], done.Values);
    }

    [Fact]
    public void Compute_CancelledOrEmpty_Throws()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using MeanFeatures extractor = new();
        using CancellationTokenSource source = new();
        source.Cancel();
        torch.Tensor images = torch.zeros([5, 3, 2, 2], dtype: torch.uint8);
        Assert.Throws<OperationCanceledException>(() => FeatureSet.Compute(extractor, images, cancellationToken: source.Token));
        string message = Assert.Throws<ArgumentException>(
            () => FeatureSet.Compute(extractor, images.narrow(0, 0, 0), cancellationToken: TestContext.Current.CancellationToken)).Message;
        Assert.Contains("no images", message, StringComparison.Ordinal);
    }

    private sealed class Counts : IProgress<long>
    {
        public List<long> Values { get; } = [];

        public void Report(long value) => Values.Add(value);
    }

    private sealed class MeanFeatures : FeatureExtractor
    {
        public override string Name => "means";

        public override int Dimension => 3;

        public override torch.Tensor Extract(torch.Tensor images) => images.to(torch.float32).mean([2, 3]);

        public override FeatureSet ExtractAll(torch.Tensor images)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor means = Extract(images);
            return FeatureSet.FromFeatures(Name, means, means.narrow(1, 0, 1), means.narrow(1, 1, 2));
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class FixedEncoder : SnippetEncoder
    {
        public bool Disposed { get; private set; }

        public override PartKind Kind => new("fixed");

        public override int Dimension => 2;

        public override torch.Tensor Encode(torch.Tensor images) => torch.ones(images.shape[0], 2);

        protected override void Dispose(bool disposing) => Disposed = true;
    }
}

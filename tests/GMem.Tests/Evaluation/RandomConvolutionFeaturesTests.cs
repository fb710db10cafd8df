using GMem.Evaluation;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch.nn.functional;

namespace GMem.Tests.Evaluation;

public sealed class RandomConvolutionFeaturesTests
{
    private static readonly float[] Pinned =
        [0.0704626963f, 0.135241553f, 0.120058723f,
            0.16062884f, 0.654301107f, 0.0344628096f, 0.03770281f, 0.0900967717f, 0.570480466f, 0.59718883f, 0.0233325958f, 0f, 0f];

    /// <summary>Two halves of CIFAR-10's test set, and what becomes of the second half when it is made worse.</summary>
    [Fact]
    public void Metrics_HalvesBlurNoiseAndDroppedClasses_AreInOrderOfStrength()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using RandomConvolutionFeatures extractor = new();
        torch.Tensor first = CifarImages.Load(_ => true, 0, 60);
        torch.Tensor second = CifarImages.Load(_ => true, 100, 60);
        using FeatureSet real = Features(extractor, first);
        ImageGenerationMetrics halves = Evaluate(extractor, real, second);
        ImageGenerationMetrics[] blur = [.. new[] { 1.0, 2 }.Select(s => Evaluate(extractor, real, Blur(second, s)))];
        ImageGenerationMetrics[] noise = [.. new[] { 20.0, 40 }.Select(s => Evaluate(extractor, real, Noise(second, s)))];
        ImageGenerationMetrics[] dropped =
        [
            Evaluate(extractor, real, CifarImages.Load(c => c % 2 == 0, 100, 120)),
            Evaluate(extractor, real, CifarImages.Load(c => c is 3 or 7, 100, 300)),
        ];

        Assert.InRange(Math.Abs(halves.KernelDistance!.Mean), 0, 3 * halves.KernelDistance.StandardError);
        Assert.InRange(halves.Manifolds[0].Precision, 0.7, 1);
        Assert.InRange(halves.Manifolds[0].Recall, 0.7, 1);
        Assert.InRange(halves.Manifolds[0].Density, 0.85, 1.15);
        Assert.InRange(halves.Manifolds[0].Coverage, 0.9, 1);
        AssertWorseAndWorse("blur", [halves, .. blur]);
        AssertWorseAndWorse("noise", [halves, .. noise]);
        AssertWorseAndWorse("dropped classes", [halves, .. dropped]);

        // Across the kinds: a strong blur is worse than a noise that is seen at once, that is worse than half the classes, and that than
        // none.
        AssertWorseAndWorse("kinds", [halves, dropped[0], noise[0], blur[0]]);
    }

    [Fact]
    public void Extract_AnyBatchSize_GivesTheSameFeaturesAndMetrics()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using RandomConvolutionFeatures extractor = new();
        torch.Tensor images = RandomImages(65, 32, 32, 1);
        using FeatureSet large = Features(extractor, images, 64);
        using FeatureSet small = Features(extractor, images, 7);
        using FeatureSet single = Features(extractor, images.narrow(0, 0, 3), 1);
        ReferenceFolder.Close(small.Features, large.Features, 1e-6, 1e-6, "batches of 7");
        ReferenceFolder.Close(single.Features, large.Features.narrow(0, 0, 3), 1e-6, 1e-6, "batches of 1");
        torch.Tensor others = RandomImages(40, 32, 32, 2);
        double a = ImageGenerationEvaluator.Evaluate(large, Features(extractor, others, 40)).FrechetDistance;
        double b = ImageGenerationEvaluator.Evaluate(small, Features(extractor, others, 3)).FrechetDistance;
        Assert.Equal(a, b, 1e-5 * a);
    }

    [Theory]
    [InlineData(32, 32, 32)]
    [InlineData(64, 48, 32)]
    [InlineData(16, 20, 32)]
    [InlineData(100, 100, 64)]
    public void Extract_AnySize_HasTheStatedDimension(int height, int width, int resolution)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using RandomConvolutionFeatures extractor = new(resolution);
        torch.Tensor features = extractor.Extract(RandomImages(2, height, width, 3));
        Assert.Equal([2, 512], features.shape);
        Assert.Equal(512, extractor.Dimension);
        Assert.True(features.isfinite().all().item<bool>());
        Assert.True((features[0] - features[1]).abs().max().item<float>() > 0.01);
    }

    [Fact]
    public void Extract_EnlargedImage_HasTheSameFeatures()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using RandomConvolutionFeatures extractor = new();
        torch.Tensor images = RandomImages(2, 32, 32, 4);
        torch.Tensor enlarged = images.repeat_interleave(3, 2).repeat_interleave(3, 3);
        ReferenceFolder.Close(extractor.Extract(enlarged), extractor.Extract(images), 1e-4, 1e-4, "features");
    }

    /// <summary>The features are part of every figure that was measured with them: if this fails, their name must change.</summary>
    [Fact]
    public void Extract_FixedImage_GivesTheFeaturesOfEveryOtherMachine()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using RandomConvolutionFeatures extractor = new();
        long[] pixels = [.. Enumerable.Range(0, 3 * 32 * 32).Select(i => (long)(i * i * 7 % 251))];
        torch.Tensor features = extractor.Extract(torch.tensor(pixels).to(torch.uint8).reshape(1, 3, 32, 32));
        ReferenceFolder.Close(features[0].slice(0, 3, 512, 40), torch.tensor(Pinned), 1e-5, 1e-5, "features");
    }

    [Fact]
    public void Name_SaysThatItIsNotTheFid()
    {
        using RandomConvolutionFeatures extractor = new(64);
        Assert.Equal("random convolutions at 64 x 64 (not FID)", extractor.Name);
        Assert.Contains("multiple of 8", Assert.Throws<ArgumentOutOfRangeException>(
            () => new RandomConvolutionFeatures(36)).Message, StringComparison.Ordinal);
        Assert.Contains("Float32", Assert.Throws<ArgumentException>(
            () => extractor.Extract(torch.zeros(1, 3, 32, 32))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_LeavesNoTensors()
    {
        using RandomConvolutionFeatures extractor = new();
        using torch.Tensor images = RandomImages(5, 32, 32, 5);
        Features(extractor, images, 2).Dispose();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Features(extractor, images, 2).Dispose();
        extractor.ExtractAll(images).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static FeatureSet Features(FeatureExtractor extractor, torch.Tensor images, int batchSize = FeatureSet.DefaultBatchSize) =>
        FeatureSet.Compute(extractor, images, batchSize, cancellationToken: TestContext.Current.CancellationToken);

    private static ImageGenerationMetrics Evaluate(FeatureExtractor extractor, FeatureSet real, torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using FeatureSet generated = Features(extractor, images);
        return ImageGenerationEvaluator.Evaluate(
            real, generated, new EvaluationOptions { KernelSubsets = 10, KernelSubsetSize = 150, Neighbours = [5] });
    }

    private static void AssertWorseAndWorse(string what, ImageGenerationMetrics[] steps)
    {
        for (int i = 1; i < steps.Length; i++)
        {
            Assert.True(steps[i].FrechetDistance > steps[i - 1].FrechetDistance,
                $"{what} {i}: Frechet distance {steps[i].FrechetDistance}, before {steps[i - 1].FrechetDistance}");
            Assert.True(steps[i].KernelDistance!.Mean > steps[i - 1].KernelDistance!.Mean,
                $"{what} {i}: kernel distance {steps[i].KernelDistance!.Mean}, before {steps[i - 1].KernelDistance!.Mean}");
        }

        // Coverage counts images, and does not see what is too weak to move one out of a ball.
        Assert.True(steps[^1].Manifolds[0].Coverage < steps[0].Manifolds[0].Coverage,
            $"{what}: coverage {steps[^1].Manifolds[0].Coverage}, at first {steps[0].Manifolds[0].Coverage}");
    }

    private static torch.Tensor RandomImages(int count, int height, int width, ulong seed)
    {
        using torch.Generator generator = new(seed, torch.CPU);
        return torch.randint(0, 256, [count, 3, height, width], dtype: torch.uint8, generator: generator);
    }

    private static torch.Tensor Blur(torch.Tensor images, double sigma)
    {
        int radius = (int)Math.Ceiling(3 * sigma);
        torch.Tensor kernel = TensorNumbers.Range(-radius, radius + 1).to(torch.float32).Squared().Times(-1 / (2 * sigma * sigma)).exp();
        kernel = kernel / kernel.sum();
        torch.Tensor x = pad(images.to(torch.float32), [radius, radius, radius, radius], PaddingModes.Reflect);
        x = x.reshape(-1, 1, x.shape[2], x.shape[3]);
        x = conv2d(conv2d(x, kernel.reshape(1, 1, 1, -1)), kernel.reshape(1, 1, -1, 1));
        return x.reshape(images.shape).round().Clamped(0, 255).to(torch.uint8);
    }

    private static torch.Tensor Noise(torch.Tensor images, double deviation)
    {
        using torch.Generator generator = new(1, torch.CPU);
        return images.to(torch.float32)
            .Plus(torch.randn(images.shape, generator: generator).Times(deviation)).round().Clamped(0, 255).to(torch.uint8);
    }
}

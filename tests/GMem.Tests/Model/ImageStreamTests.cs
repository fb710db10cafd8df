using GMem.Sampling;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

public sealed class ImageStreamTests
{
    private static readonly Lazy<GMemModel> Shared = new(() => TinyModel.Train());

    private static readonly GenerationRequest[] Requests =
        [new(1), new(2, MemoryIndex: 5), new(3), new(4, Snippet: new float[] { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }), new(5)];

    private static GMemModel Model => Shared.Value;

    [Theory]
    [InlineData(SamplerKind.Ode)]
    [InlineData(SamplerKind.Sde)]
    public async Task GenerateAsync_WithPreviews_EndsWithTheImagesOfGenerate(SamplerKind kind)
    {
        using GMemModel model = Model.WithSampling(new SamplingOptions { Kind = kind, Steps = 4 });
        byte[][] expected = TinyModel.Generate(model, Requests);
        List<GeneratedImage> stream = await Collect(
            model.GenerateAsync(Requests, new StreamingOptions { BatchSize = 2, PreviewEveryNStep = 2 }));

        GeneratedImage[] finished = [.. stream.Where(i => !i.IsPreview)];
        Assert.Equal([0, 1, 2, 3, 4], finished.Select(i => i.Index));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(Planes(finished[i]), expected[i]);
        }

        Assert.Equal(5, finished[1].Entry!.Value.Index);
        Assert.Null(finished[3].Entry);

        // An ODE of 4 steps has a preview after the 2nd; the SDE, with its last step of 5 in all, also after the 4th.
        int previews = kind == SamplerKind.Ode ? 1 : 2;
        Assert.Equal(previews * Requests.Length, stream.Count(i => i.IsPreview));
        Assert.All(stream.Where(i => i.IsPreview), i => Assert.Equal(0, i.Preview!.Value.Completed % 2));
    }

    [Theory]
    [InlineData(SamplerKind.Ode)]
    [InlineData(SamplerKind.Sde)]
    public async Task GenerateAsync_LastPreview_IsNearerToTheImageThanTheFirst(SamplerKind kind)
    {
        using GMemModel model = Model.WithSampling(new SamplingOptions { Kind = kind, Steps = 12 });
        List<GeneratedImage> stream = await Collect(model.GenerateAsync([new(8)], new StreamingOptions { PreviewEveryNStep = 1 }));
        double[] distances = [.. stream.Take(stream.Count - 1).Select(i => Distance(i, stream[^1]))];
        Assert.Equal(kind == SamplerKind.Ode ? 11 : 12, distances.Length);
        Assert.True(distances[^1] < 0.5 * distances[0], $"first {distances[0]}, last {distances[^1]}");
    }

    [Fact]
    public async Task GenerateAsync_LeftEarly_HasStoppedAndTheModelCanBeDisposed()
    {
        GMemModel model = Model.WithSampling(new SamplingOptions { Steps = 10_000 });
        int seen = 0;
        await foreach (GeneratedImage image in model.GenerateAsync([new(1)], new StreamingOptions { PreviewEveryNStep = 1 }))
        {
            model.Dispose();
            if (++seen == 3)
            {
                break;
            }
        }

        Assert.Equal(3, seen);
    }

    [Fact]
    public async Task GenerateAsync_Cancelled_Throws()
    {
        using CancellationTokenSource stop = new();
        using GMemModel model = Model.WithSampling(new SamplingOptions { Steps = 10_000 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedImage image in model.GenerateAsync(
                [new(1)], new StreamingOptions { PreviewEveryNStep = 1 }, stop.Token))
            {
                await stop.CancelAsync();
            }
        });
    }

    [Fact]
    public void GenerateAsync_RequestOrOptionsNotValid_ThrowsAtOnce()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.GenerateAsync([new(1, MemoryIndex: 1_000)]));
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => Model.GenerateAsync([new(1)], new StreamingOptions { BatchSize = 0, PreviewEveryNStep = -1 }));
        Assert.Contains("BatchSize", error.Message);
        Assert.Contains("PreviewEveryNStep", error.Message);
    }

    [Fact]
    public void Generate_WithPreviews_LeavesNoTensorsBehind()
    {
        GMemModel model = Model; // made by whichever test asks first, which must not fall between the two counts
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        int shown = 0;
        _ = GMem.ImageGeneration.Generate(model, [new(1)], CancellationToken.None, 1, _ => shown++);
        Assert.True(shown > 0);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static async Task<List<GeneratedImage>> Collect(IAsyncEnumerable<GeneratedImage> stream)
    {
        List<GeneratedImage> images = [];
        await foreach (GeneratedImage image in stream)
        {
            images.Add(image);
        }

        return images;
    }

    /// <summary>Colours plane by plane, as the batch's tensor has them.</summary>
    private static byte[] Planes(GeneratedImage image) =>
        [.. Enumerable.Range(0, 3).SelectMany(
            c => Enumerable.Range(0, image.Image.Width * image.Image.Height).Select(p => image.Image.Pixels[(3 * p) + c]))];

    private static double Distance(GeneratedImage a, GeneratedImage b) =>
        a.Image.Pixels.Zip(b.Image.Pixels, (x, y) => Math.Pow(x - y, 2)).Sum();
}

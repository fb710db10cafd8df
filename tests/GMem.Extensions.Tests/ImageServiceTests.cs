using GMem.Latents;
using GMem.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace GMem.Extensions.Tests;

[Collection(TinyService.OneAtATime)]
public sealed class ImageServiceTests
{
    private static GMemModel Model => TinyService.Model;

    [Fact]
    public async Task GenerateOneAsync_TwentyAtOnce_GivesEachItsOwnImage()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { BatchSize = 8 });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 20).Select(i => new GenerationRequest(i))];
        GeneratedImage[] together = await Task.WhenAll(requests.Select(r => service.GenerateOneAsync(r)));
        for (int i = 0; i < requests.Length; i++)
        {
            GeneratedImage alone = await service.GenerateOneAsync(requests[i]);
            Assert.Equal(alone.Image.Pixels, together[i].Image.Pixels);
            Assert.Equal(Model.EntryOf(requests[i]), together[i].Entry);
        }

        await TinyService.Until(() => service.Pending == 0);
    }

    [Fact]
    public async Task GenerateAsync_PreviewsWantedByOne_AreGivenToThatOneOnly()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { PreviewEveryNStep = 1 });
        Task<List<GeneratedImage>> with = Collect(service.GenerateAsync([new(1), new(2)], previews: true));
        Task<List<GeneratedImage>> without = Collect(service.GenerateAsync([new(3)]));
        Assert.Equal(4, (await with).Count(i => i.IsPreview));
        Assert.Equal([0, 1], (await with).Where(i => !i.IsPreview).Select(i => i.Index));
        Assert.Single(await without);
    }

    [Fact]
    public async Task GenerateAsync_CallerGone_StopsTheBatchAndServesTheNext()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { Sampling = TinyService.Slow, PreviewEveryNStep = 1 });
        await foreach (GeneratedImage image in service.GenerateAsync([new(1)], previews: true))
        {
            break;
        }

        await TinyService.Until(() => service.Pending == 0);
        using CancellationTokenSource gone = new();
        Task<GeneratedImage> next = service.GenerateOneAsync(new GenerationRequest(2), gone.Token);
        await TinyService.Until(() => service.Pending == 1);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await TinyService.Until(() => service.Pending == 0);
    }

    [Fact]
    public async Task GenerateAsync_OneOfABatchGone_LeavesTheOthersTheirImages()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { PreviewEveryNStep = 1 });
        using CancellationTokenSource gone = new();
        Task<GeneratedImage>[] staying = [.. Enumerable.Range(0, 6).Select(i => service.GenerateOneAsync(new GenerationRequest(i)))];
        Task<GeneratedImage>[] leaving = [.. Enumerable.Range(0, 6).Select(
            i => service.GenerateOneAsync(new GenerationRequest(i), gone.Token))];
        await gone.CancelAsync();
        GeneratedImage[] images = await Task.WhenAll(staying);
        Assert.Equal(6, images.Length);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving[5]);
        await TinyService.Until(() => service.Pending == 0);
    }

    [Fact]
    public async Task GenerateAsync_MoreThanTheQueueHolds_AreAllMade()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { BatchSize = 4, QueueCapacity = 2 });
        List<GeneratedImage> images = await Collect(
            service.GenerateAsync([.. Enumerable.Range(0, 11).Select(i => new GenerationRequest(i))]));
        Assert.Equal(Enumerable.Range(0, 11), images.Select(i => i.Index));
        Assert.Empty(await Collect(service.GenerateAsync([])));
    }

    [Fact]
    public async Task GenerateAsync_MemoryAndSamplingOfTheCall_AreThoseOfItsImagesAlone()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { BatchSize = 8 });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 12).Select(i => new GenerationRequest(i))];
        Memory.EntryId gone = Model.EntryOf(requests[0])!.Value.Id;
        ImageCallOptions own = new() { Memory = service.Memory.Remove(gone), Sampling = new Sampling.SamplingOptions { Steps = 2 } };
        Task<List<GeneratedImage>> edited = Collect(service.GenerateAsync(requests, own));
        Task<List<GeneratedImage>> whole = Collect(service.GenerateAsync(requests));
        own.Memory = null;

        using GMemModel fewer = Model.WithMemory(service.Memory.Remove(gone));
        using GMemModel quicker = fewer.WithSampling(new Sampling.SamplingOptions { Steps = 2 });
        Assert.Equal(Pixels(quicker.Generate(requests)), Pixels(await edited));
        Assert.DoesNotContain(await edited, i => i.Entry!.Value.Id == gone);
        Assert.Equal(Pixels(Model.Generate(requests)), Pixels(await whole));
        Assert.Contains(await whole, i => i.Entry!.Value.Id == gone);
    }

    [Fact]
    public async Task GenerateAsync_MemoryOfTheCall_ChecksAndLeavesNothing()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { Sampling = TinyService.Slow, PreviewEveryNStep = 1 });
        using torch.Tensor rows = torch.eye(3);
        Assert.Contains("The bank has snippets of 3 entries", Assert.Throws<ArgumentException>(() => service.GenerateAsync(
            [new(1)], new ImageCallOptions { Memory = Memory.MemoryBank.FromRows(rows) })).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => service.GenerateAsync(
            [new(1, 23)], new ImageCallOptions { Memory = service.Memory.KeepRandom(20, seed: 1) }));
        Memory.MemoryBank bank = service.Memory.KeepRandom(20, seed: 1);
        await BeginAndLeave(service, bank);
        await TinyService.Until(() => service.Pending == 0);
        long before = torch.Tensor.TotalCount;
        await BeginAndLeave(service, bank);
        await TinyService.Until(() => service.Pending == 0);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    private static IEnumerable<byte[]> Pixels(IEnumerable<GeneratedImage> images) =>
        images.OrderBy(i => i.Index).Select(i => i.Image.Pixels);

    private static async Task BeginAndLeave(ImageService service, Memory.MemoryBank bank)
    {
        await foreach (GeneratedImage _ in service.GenerateAsync([new(1)], new ImageCallOptions { Memory = bank, Previews = true }))
        {
            break;
        }
    }

    [Fact]
    public async Task DisposeAsync_WhileSomebodyWaits_TellsThem()
    {
        ImageService service = new(Model, new ImageServiceOptions { Sampling = TinyService.Slow });
        Task<GeneratedImage> waiting = service.GenerateOneAsync(new GenerationRequest(1));
        await TinyService.Until(() => service.Pending == 1);
        await service.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.Throws<ObjectDisposedException>(() => service.GenerateAsync([new(1)]));
    }

    [Fact]
    public async Task GenerateAsync_ManyRequestsAndCancellations_LeaveNoTensorsBehind()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { PreviewEveryNStep = 1 });
        _ = await service.GenerateOneAsync(new GenerationRequest(0));
        await TinyService.Until(() => service.Pending == 0);
        long before = torch.Tensor.TotalCount;
        for (int i = 0; i < 5; i++)
        {
            _ = await Task.WhenAll(Enumerable.Range(0, 8).Select(s => service.GenerateOneAsync(new GenerationRequest(s))));
            await foreach (GeneratedImage image in service.GenerateAsync([new(i)], previews: true))
            {
                break;
            }
        }

        await TinyService.Until(() => service.Pending == 0);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task AddGMem_AModelFile_IsOneServiceWithALogger()
    {
        using TemporaryFolder folder = new();
        ListLogger log = new();
        string path = folder.File("model.zip");
        using (MLNet.GMemTransformer transformer = ToTransformer())
        {
            transformer.Save(path);
        }

        await using ServiceProvider services = new ServiceCollection()
            .AddSingleton<ILogger<ImageService>>(log)
            .AddGMem(path, options => options.BatchSize = 2)
            .BuildServiceProvider();
        ImageService service = services.GetRequiredService<ImageService>();
        Assert.Same(service, services.GetRequiredService<ImageService>());
        GeneratedImage image = await service.GenerateOneAsync(new GenerationRequest(4));
        Assert.Equal(service.ImageShape.Width, image.Image.Width);
        await TinyService.Until(() => log.Lines.Count > 0);
        Assert.StartsWith("Debug: Generated 1 images in", log.Lines[0]);
    }

    [Fact]
    public void AddGMem_OptionsNotValid_ThrowsNamingAll()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new ServiceCollection().AddGMem("model.zip", o => (o.BatchSize, o.QueueCapacity, o.PreviewEveryNStep) = (0, 0, -1)));
        Assert.All(["BatchSize is 0", "QueueCapacity is 0", "PreviewEveryNStep is -1"], part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void GenerateAsync_RequestNotValid_ThrowsAtOnce()
    {
        ImageService service = new(Model);
        Assert.Throws<ArgumentOutOfRangeException>(() => service.GenerateAsync([new(1, MemoryIndex: 1_000)]));
    }

    private static MLNet.GMemTransformer ToTransformer()
    {
        Microsoft.ML.MLContext ml = new(seed: 1);
        GMemOptions tiny = TinyModel.Options();
        using TemporaryFolder folder = new();
        using TrainingImages images = TinyModel.Images();
        int number = 0;
        foreach (Images.RgbImage image in Images.ImageTensors.FromTensor(images.Pixels))
        {
            Images.PngWriter.Write(folder.File($"{number++}.png"), image);
        }

        MLNet.GMemTrainer.Options options = new()
        {
            ImageSize = TinyModel.ImageSize,
            Network = tiny.Network,
            Training = tiny.Training,
            Sampling = tiny.Sampling,
            EncoderTrainer = tiny.EncoderTrainer
        };
        return MLNet.MLContextExtensions.get_ImageGeneration(ml).Trainers.GMem(options).Fit(
            ml.Data.LoadFromEnumerable(Images.ImageCollection.Enumerate(folder.Path)));
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

    private sealed class ListLogger : ILogger<ImageService>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}

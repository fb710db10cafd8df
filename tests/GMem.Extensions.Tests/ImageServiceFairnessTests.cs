using GMem.Memory;
using GMem.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace GMem.Extensions.Tests;

/// <summary>Who gets what when many want something: turns, limits, time, and the faults of others.</summary>
[Collection(TinyService.OneAtATime)]
public sealed class ImageServiceFairnessTests
{
    private const int BatchSize = 8;

    private static GMemModel Model => TinyService.Model;

    [Fact]
    public async Task GenerateOneAsync_BesideACallerOfTenThousand_WaitsForTwoBatchesAtMost()
    {
        BatchCounter batches = new();
        await using ImageService service = new(Model, new ImageServiceOptions { BatchSize = BatchSize }, batches);
        await using IAsyncEnumerator<GeneratedImage> many = service.GenerateAsync(Requests(10_000)).GetAsyncEnumerator();
        Task reading = Task.Run(async () =>
        {
            while (await many.MoveNextAsync())
            {
            }
        });
        await TinyService.Until(() => batches.Count > 2);
        for (int i = 0; i < 10; i++)
        {
            int before = batches.Count;
            _ = await service.GenerateOneAsync(new GenerationRequest(i));

            // The batch in progress and the next one. The third may have begun and ended before this thread runs on.
            Assert.InRange(batches.Count - before, 1, 3);
        }

        Assert.False(reading.IsCompleted);
        await service.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
    }

    [Fact]
    public void Take_CallsOfOneCaller_ShareOneTurn()
    {
        ImageServiceOptions options = new() { BatchSize = BatchSize, UnreadCapacity = 100 };
        FairQueue queue = new(options);
        ImageCall[] greedy = [.. Enumerable.Range(0, 5).Select(_ => queue.Add(TinyService.Model, "greedy", Requests(20), false, default))];
        ImageCall modest = queue.Add(TinyService.Model, "modest", Requests(3), false, default);
        ImageCall nameless = queue.Add(TinyService.Model, null, Requests(3), false, default);
        List<QueuedImage> batch = queue.Take(BatchSize);
        Assert.Equal((3, 2), (batch.Count(b => b.Call == modest), batch.Count(b => b.Call == nameless)));
        Assert.Equal([0, 1, 2], batch.Where(b => b.Call == greedy[0]).Select(b => b.Index));
        Assert.Equal(1, queue.Take(BatchSize).Count(b => b.Call == nameless));
        Assert.All(queue.Take(BatchSize), image => Assert.Same(greedy[0], image.Call));
    }

    [Fact]
    public void Remove_CallThatEndedLongAgo_LeavesItsKeysNewCallerAlone()
    {
        FairQueue queue = new(new ImageServiceOptions { BatchSize = BatchSize, CallerCapacity = 4 });
        ImageCall old = queue.Add(TinyService.Model, "key", Requests(2), false, default);
        queue.Finish(queue.Take(BatchSize), null);
        _ = queue.Add(TinyService.Model, "key", Requests(4), false, default);

        // The reader of the first call leaves only now.
        queue.Remove(old);

        Assert.Throws<ServiceBusyException>(() => queue.Add(TinyService.Model, "key", Requests(1), false, default));
    }

    [Fact]
    public async Task GenerateAsync_QueueFullAndToRefuse_SaysWhenToTryAgain()
    {
        await using ImageService service = new(Model, new ImageServiceOptions
        {
            BatchSize = 1,
            QueueCapacity = 3,
            WhenFull = QueueFullMode.Refuse,
            Sampling = TinyService.Slow,
        });
        using CancellationTokenSource gone = new();
        Task<GeneratedImage> running = service.GenerateOneAsync(new GenerationRequest(0), gone.Token);
        await TinyService.Until(() => service.Pending == 1);
        await Task.Delay(50);
        Task<GeneratedImage>[] waiting = [.. Requests(3).Select(r => service.GenerateOneAsync(r, gone.Token))];
        Assert.False(service.IsReady);
        ServiceBusyException refused = Assert.Throws<ServiceBusyException>(() => service.GenerateAsync([new(5)]));
        Assert.InRange(refused.RetryAfter.TotalSeconds, 1, 60);
        Assert.Contains("QueueCapacity is 3", refused.Message);
        Assert.Throws<ArgumentException>(() => service.GenerateAsync(Requests(4)));
        await gone.CancelAsync();
        foreach (Task<GeneratedImage> task in waiting.Append(running))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }

        await TinyService.Until(() => service.Pending == 0);
        Assert.True(service.IsReady);
    }

    [Fact]
    public async Task GenerateAsync_CallerOverItsLimit_IsRefusedAndOthersAreNot()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { CallerCapacity = 2, Sampling = TinyService.Slow });
        ImageCallOptions ann = new() { Caller = "Ann" };
        using CancellationTokenSource gone = new();
        Task<GeneratedImage>[] waiting = [.. Requests(2).Select(r => service.GenerateOneAsync(r, ann, gone.Token))];
        await Assert.ThrowsAsync<ServiceBusyException>(() => service.GenerateOneAsync(new GenerationRequest(1), ann));
        Task<GeneratedImage> other = service.GenerateOneAsync(
            new GenerationRequest(1), new ImageCallOptions { Caller = "Ben" }, gone.Token);
        Assert.False(other.IsCompleted);
        await gone.CancelAsync();
        await Task.WhenAll(waiting.Append(other).Select(t => Assert.ThrowsAnyAsync<OperationCanceledException>(() => t)));
        await TinyService.Until(() => service.Pending == 0);
        using CancellationTokenSource again = new(20);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.GenerateOneAsync(new GenerationRequest(1), ann, again.Token));
    }

    [Fact]
    public async Task GenerateOneAsync_NotFinishedInTime_ThrowsAndFreesItsPlace()
    {
        await using ImageService service = new(Model, new ImageServiceOptions
        {
            Sampling = TinyService.Slow,
            Timeout = TimeSpan.FromMilliseconds(50),
        });
        TimeoutException error = await Assert.ThrowsAsync<TimeoutException>(() => service.GenerateOneAsync(new GenerationRequest(1)));
        Assert.Contains("0.05 s", error.Message);
        await TinyService.Until(() => service.Pending == 0);
        ImageCallOptions shorter = new() { Timeout = TimeSpan.FromMilliseconds(1) };
        await Assert.ThrowsAsync<TimeoutException>(() => service.GenerateOneAsync(new GenerationRequest(1), shorter));
        shorter.Timeout = TimeSpan.Zero;
        Assert.Throws<ArgumentException>(() => service.GenerateAsync([new(1)], shorter));
    }

    [Fact]
    public async Task GenerateAsync_SlowReader_HoldsNoMoreThanItsLimitAndLosesNothing()
    {
        BatchCounter batches = new();
        await using ImageService service = new(Model, new ImageServiceOptions { BatchSize = 2, UnreadCapacity = 4 }, batches);
        await using IAsyncEnumerator<GeneratedImage> slow = service.GenerateAsync(Requests(20)).GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());
        await TinyService.Until(() => service.Pending == 15);
        for (int i = 0; i < 5; i++)
        {
            _ = await service.GenerateOneAsync(new GenerationRequest(i));

            // The single one is given before its batch is noted as finished; the others stay where they are.
            Assert.InRange(service.Pending, 15, 16);
            await TinyService.Until(() => service.Pending == 15);
        }

        List<int> indices = [slow.Current.Index];
        while (await slow.MoveNextAsync())
        {
            indices.Add(slow.Current.Index);
        }

        Assert.Equal(Enumerable.Range(0, 20), indices);
    }

    [Fact]
    public async Task GenerateOneAsync_ThreeHundredBesideOneWithADamagedRow_AllHaveAnswers()
    {
        using torch.Tensor rows = Model.Memory.Rows([.. Enumerable.Range(0, (int)Model.Memory.Count).Select(i => (long)i)]);
        DamagedStorage storage = new(rows[7, 0].item<float>());
        using GMemModel damaged = Model.WithMemory(MemoryBank.FromRows(rows, storage: storage));
        await using ImageService service = new(damaged, new ImageServiceOptions { BatchSize = 16 });
        Task<GeneratedImage>[] innocent = new Task<GeneratedImage>[300];
        List<Task<GeneratedImage>> guilty = [];
        for (int i = 0; i < innocent.Length; i++)
        {
            innocent[i] = service.GenerateOneAsync(new GenerationRequest(i, i % 7));
            if (i == 50)
            {
                await TinyService.Until(() => storage.IsAwaited);
            }

            if (i >= 50 && i % 25 == 0)
            {
                guilty.Add(service.GenerateOneAsync(new GenerationRequest(i, 7)));
            }
        }

        storage.Damage();
        GeneratedImage[] answers = await Task.WhenAll(innocent);
        for (int i = 0; i < answers.Length; i += 50)
        {
            Assert.Equal(Model.Generate([new(i, i % 7)])[0].Image.Pixels, answers[i].Image.Pixels);
        }

        await Task.WhenAll(guilty.Select(g => Assert.ThrowsAsync<InvalidDataException>(() => g)));
        await TinyService.Until(() => service.Pending == 0);
    }

    [Fact]
    public async Task GenerateOneAsync_LoggerThatThrows_GoesOn()
    {
        await using ImageService service = new(Model, new ImageServiceOptions { BatchSize = 2 }, new ThrowingLogger());
        for (int i = 0; i < 5; i++)
        {
            _ = await service.GenerateOneAsync(new GenerationRequest(i));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dispose_OfTheContainer_EndsEveryCall(bool asynchronously)
    {
        ServiceProvider services = new ServiceCollection()
            .AddGMem(Model, o => (o.BatchSize, o.Sampling) = (2, TinyService.Slow)).BuildServiceProvider();
        ImageService service = services.GetRequiredService<ImageService>();
        Task<GeneratedImage>[] waiting = [.. Requests(20).Select(r => service.GenerateOneAsync(r))];
        await TinyService.Until(() => service.Pending == 20);
        if (asynchronously)
        {
            await services.DisposeAsync();
        }
        else
        {
            services.Dispose();
        }

        await Task.WhenAll(waiting.Select(w => Assert.ThrowsAsync<ObjectDisposedException>(() => w)));
        service.Dispose();
        Assert.False(service.IsReady);
        Assert.Throws<ObjectDisposedException>(() => service.EntryOf(new GenerationRequest(1)));
    }

    [Fact]
    public void Service_DisposedDuringAnOperation_FinishesOrThrows() => DisposeRace.Run(
        () => new ImageService(Model),
        service => Convert.ToHexString(service.GenerateOneAsync(new GenerationRequest(1)).GetAwaiter().GetResult().Image.Pixels));

    private static GenerationRequest[] Requests(int count) => [.. Enumerable.Range(0, count).Select(i => new GenerationRequest(i))];

    /// <summary>Counts the batches that the service logs.</summary>
    private sealed class BatchCounter : ILogger<ImageService>
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _ = Interlocked.Increment(ref _count);
    }

    private sealed class ThrowingLogger : ILogger<ImageService>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => throw new InvalidOperationException("no scope");

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("the disk of the log is full");
    }
}

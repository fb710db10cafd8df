using System.Diagnostics;
using System.Globalization;
using System.Net;
using GMem.Images;
using TorchSharp;

namespace GMem.Extensions.Tests;

/// <summary>
/// Clients of every kind at once, over real connections. A few seconds; <c>GMEM_SOAK_SECONDS=120</c> for the long run (docs/services.md).
/// </summary>
[Collection(TinyService.OneAtATime)]
public sealed class LoadTests
{
    private const int Clients = 100;
    private const int Memories = 24;
    private const int MostBusyAnswers = 20;

    /// <summary>Growth of resident memory during a run that is taken for a leak.</summary>
    private const long MostGrowth = 300L << 20;

    private static readonly double Seconds = double.Parse(
        Environment.GetEnvironmentVariable("GMEM_SOAK_SECONDS") ?? "4", CultureInfo.InvariantCulture);

    private int _images;
    private int _refused;

    [Fact]
    public async Task Gallery_AHundredClients_AnswersAllAndLeavesNothing()
    {
        await using Server server = await Server.Start(configure: options =>
            (options.QueueCapacity, options.WhenFull, options.Timeout) = (64, QueueFullMode.Refuse, TimeSpan.FromSeconds(30)));
        byte[][] expected = [.. TinyService.Model.Generate([.. Enumerable.Range(0, Memories).Select(i => new GenerationRequest(i, i))])
            .Select(i => i.Image.Pixels)];
        _ = await server.Client.GetByteArrayAsync("/api/image?seed=0&memory=0");
        await TinyService.Until(() => server.Images.Pending == 0);
        (long tensors, long memory) = (torch.Tensor.TotalCount, Environment.WorkingSet);
        long start = Stopwatch.GetTimestamp();

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            do
            {
                await ((client % 10) switch
                {
                    0 => Leave(server, client),
                    1 => AskTheImpossible(server),
                    _ => AskForAnImage(server, client % Memories, expected),
                });
            }
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds);
        })));

        await TinyService.Until(() => server.Images.Pending == 0);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/ready")).StatusCode);
        Assert.InRange(_images, Clients * 8 / 10, int.MaxValue);
        Assert.Equal(tensors, torch.Tensor.TotalCount);
        long growth = Environment.WorkingSet - memory;
        Assert.InRange(growth, long.MinValue, MostGrowth);
        TestContext.Current.SendDiagnosticMessage(
            "{0} images and {1} refusals in {2:F0} s; resident memory grew by {3} MB",
            _images, _refused, Stopwatch.GetElapsedTime(start).TotalSeconds, growth >> 20);
    }

    /// <summary>Tries again as long as the service is busy, after the time it says.</summary>
    private async Task AskForAnImage(Server server, int memory, byte[][] expected)
    {
        for (int i = 0; i < MostBusyAnswers; i++)
        {
            using HttpResponseMessage answer = await server.Client.GetAsync($"/api/image?seed={memory}&memory={memory}");
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                byte[] png = await answer.Content.ReadAsByteArrayAsync();
                Assert.Equal(expected[memory], ImageReader.Decode(png, "answer").Pixels);
                _ = Interlocked.Increment(ref _images);
                return;
            }

            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            _ = Interlocked.Increment(ref _refused);
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
        }

        Assert.Fail($"The service was busy {MostBusyAnswers} times.");
    }

    private static async Task Leave(Server server, int seed)
    {
        using CancellationTokenSource gone = new(TimeSpan.FromMilliseconds(seed % 50));
        try
        {
            using HttpResponseMessage answer = await server.Client.GetAsync($"/api/stream?seed={seed}", gone.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static async Task AskTheImpossible(Server server)
    {
        using HttpResponseMessage answer = await server.Client.GetAsync($"/api/image?memory={Memories}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}

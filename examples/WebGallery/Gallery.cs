using System.Net.ServerSentEvents;
using GMem;
using GMem.Extensions;
using GMem.Images;
using GMem.Memory;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using TorchSharp;

namespace WebGallery;

/// <summary>The page and what it asks for.</summary>
internal static class Gallery
{
    private const int Shown = 48;

    /// <summary>Serves until the program is stopped.</summary>
    public static void Run(string modelPath, int port, CancellationToken cancellationToken)
    {
        WebApplication app = Create($"http://127.0.0.1:{port}", services => services.AddGMem(modelPath, Limit));

        // The model is loaded now, so that a wrong path is an error here and not on the page.
        ImageService service = app.Services.GetRequiredService<ImageService>();
        app.StartAsync(cancellationToken).GetAwaiter().GetResult();
        Console.WriteLine($"The model remembers {service.Memory.Count} images. Open {app.Urls.First()} in a browser; Ctrl-C stops.");
        app.WaitForShutdownAsync(cancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>The application, not started.</summary>
    /// <param name="url">Where it listens.</param>
    /// <param name="register">Adds the model, by <c>AddGMem</c>.</param>
    public static WebApplication Create(string url, Action<IServiceCollection> register)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url);

        // Nothing is uploaded here. A service that takes prompt images allows what an image needs, and no more.
        builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = 0);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        register(builder.Services);
        builder.Services.AddHealthChecks().AddCheck<Readiness>("images");
        WebApplication app = builder.Build();
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health/ready");
        app.MapGet("/", () => Results.Stream(typeof(Gallery).Assembly.GetManifestResourceStream("page.html")!, "text/html; charset=utf-8"));
        app.MapGet("/api/model", (ImageService images) => Describe(images));
        app.MapGet("/api/image", ([AsParameters] Wish wish, ImageService images, HttpContext context) =>
            Answer(images, wish, context, async request =>
            {
                GeneratedImage image = await images.GenerateOneAsync(request, OptionsOf(context), context.RequestAborted);
                return Results.Bytes(PngWriter.Encode(image.Image), "image/png");
            }));
        app.MapGet("/api/stream", ([AsParameters] Wish wish, ImageService images, HttpContext context) =>
            Answer(images, wish, context, async request =>
            {
                IAsyncEnumerator<GeneratedImage> made = images.GenerateAsync([request], OptionsOf(context), context.RequestAborted)
                    .GetAsyncEnumerator();
                context.Response.RegisterForDisposeAsync(made);

                // The answer begins with its first image, so that its status can still say that the service is busy.
                _ = await made.MoveNextAsync();
                return TypedResults.ServerSentEvents(Events(made));
            }));
        return app;
    }

    /// <summary>The limits of the page: a queue that refuses, a share of it for each address, and a time to wait.</summary>
    private static void Limit(ImageServiceOptions options)
    {
        options.QueueCapacity = 256;
        options.WhenFull = QueueFullMode.Refuse;
        options.CallerCapacity = 16;
        options.Timeout = TimeSpan.FromMinutes(1);
    }

    /// <summary>The address stands for the caller. A service with users takes the user's name.</summary>
    private static ImageCallOptions OptionsOf(HttpContext context) =>
        new() { Caller = context.Connection.RemoteIpAddress?.ToString(), Previews = context.Request.Path == "/api/stream" };

    /// <summary>A wish that cannot be is answered by what is wrong with it, one that comes at a bad time by when to try again.</summary>
    private static async Task<IResult> Answer(
        ImageService images, Wish wish, HttpContext context, Func<GenerationRequest, Task<IResult>> make)
    {
        try
        {
            GenerationRequest request = ToRequest(images.Memory, wish);
            _ = images.EntryOf(request);
            return await make(request);
        }
        catch (ArgumentException e)
        {
            return Failure(e, StatusCodes.Status400BadRequest);
        }
        catch (ServiceBusyException e)
        {
            context.Response.Headers.RetryAfter = $"{Math.Ceiling(e.RetryAfter.TotalSeconds)}";
            return Failure(e, StatusCodes.Status429TooManyRequests);
        }
        catch (Exception e) when (e is TimeoutException or ObjectDisposedException)
        {
            return Failure(e, StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static IResult Failure(Exception error, int status) => Results.Json(new { Error = error.Message }, statusCode: status);

    private static object Describe(ImageService images)
    {
        long count = Math.Min(Shown, images.Memory.Count);
        IEnumerable<MemoryEntry> spread = Enumerable.Range(0, (int)count).Select(i => images.Memory.Entry(i * images.Memory.Count / count));
        return new { images.ImageSize, images.Memory.Count, images.Memory.Labels, Memories = spread.Select(e => new { e.Index, e.Label }) };
    }

    private static GenerationRequest ToRequest(MemoryBank memory, Wish wish)
    {
        if (wish.Memory is not long first)
        {
            return new GenerationRequest(wish.Seed);
        }

        if (wish.Second is not long second)
        {
            return new GenerationRequest(wish.Seed, first);
        }

        using torch.Tensor blend = memory.Interpolate(first, second, wish.Mix, SnippetInterpolation.Spherical);
        return new GenerationRequest(wish.Seed, Snippet: blend.data<float>().ToArray());
    }

    /// <param name="made">Images, the first of which has come.</param>
    private static async IAsyncEnumerable<SseItem<Frame>> Events(IAsyncEnumerator<GeneratedImage> made)
    {
        do
        {
            GeneratedImage image = made.Current;
            Frame frame = new(
                Convert.ToBase64String(PngWriter.Encode(image.Image)), image.Preview?.Completed, image.Preview?.Total, image.Entry?.Index,
                image.Entry?.Label);
            yield return new SseItem<Frame>(frame, image.IsPreview ? "preview" : "image");
        }
        while (await made.MoveNextAsync());
    }

    /// <summary>What the page asks for.</summary>
    /// <param name="Seed">Fixes the noise, and the entry where none is given.</param>
    /// <param name="Memory">An entry.</param>
    /// <param name="Second">Another, to blend with.</param>
    /// <param name="Mix">The part of the second, 0 to 1.</param>
    internal sealed record Wish(long Seed = 0, long? Memory = null, long? Second = null, double Mix = 0.5);

    /// <summary>What the page is sent.</summary>
    internal sealed record Frame(string Png, int? Step, int? Steps, long? Memory, string? Label);

    /// <summary>Ready while the service would serve a new caller.</summary>
    private sealed class Readiness(ImageService images) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(images.IsReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"{images.Pending} images wait."));
    }
}

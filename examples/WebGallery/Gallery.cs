using System.Globalization;
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
    /// <summary>The largest picture that is taken, in bytes: a photograph of a telephone.</summary>
    private const int PictureBytes = 10 << 20;

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

        builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = PictureBytes);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

        // A value that cannot be read is an answer that says which, like any other fault of a wish.
        _ = builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true).AddSingleton<Thumbnails>();
        register(builder.Services);
        builder.Services.AddHealthChecks().AddCheck<Readiness>("images");
        WebApplication app = builder.Build();
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health/ready");
        app.MapGet("/", () => Results.Stream(typeof(Gallery).Assembly.GetManifestResourceStream("page.html")!, "text/html; charset=utf-8"));
        _ = app.Use(Answer);
        app.MapGet("/api/model", (ImageService images, Thumbnails thumbnails) => new
        {
            images.ImageShape.Width,
            images.ImageShape.Height,
            images.Memory.Count,
            Labels = images.PromptLabels,
            PictureBytes,
            Memories = thumbnails.Entries.Select(e => new { e.Index, e.Label }),
        });
        app.MapGet("/api/thumbnail", async (long memory, Thumbnails thumbnails, HttpContext context) =>
            Results.Bytes(await thumbnails.Of(memory).WaitAsync(context.RequestAborted), "image/png"));
        app.MapMethods("/api/image", ["GET", "POST"], async ([AsParameters] Wish wish, ImageService images, HttpContext context) =>
        {
            await using IAsyncEnumerator<GeneratedImage> made = await Begin(images, wish, context, previews: false);
            return Results.Bytes(PngWriter.Encode(made.Current.Image), "image/png");
        });
        app.MapMethods("/api/stream", ["GET", "POST"], async ([AsParameters] Wish wish, ImageService images, HttpContext context) =>
        {
            IAsyncEnumerator<GeneratedImage> made = await Begin(images, wish, context, previews: true);
            context.Response.RegisterForDisposeAsync(made);
            return TypedResults.ServerSentEvents(Events(images.Memory, made));
        });
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

    /// <summary>A wish that cannot be is answered by what is wrong with it, one that comes at a bad time by when to try again.</summary>
    private static async Task Answer(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (!context.Response.HasStarted && StatusOf(e) is not null)
        {
            if (e is ServiceBusyException busy)
            {
                context.Response.Headers.RetryAfter = $"{Math.Ceiling(busy.RetryAfter.TotalSeconds)}";
            }

            await Results.Json(new { Error = e.Message }, statusCode: StatusOf(e)).ExecuteAsync(context);
        }
    }

    private static int? StatusOf(Exception error) => error switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        ServiceBusyException => StatusCodes.Status429TooManyRequests,
        TimeoutException or ObjectDisposedException => StatusCodes.Status503ServiceUnavailable,

        // The last one is that of a model without an encoder, which takes no pictures.
        ArgumentException or InvalidDataException or InvalidOperationException => StatusCodes.Status400BadRequest,
        _ => null,
    };

    /// <summary>Waits for the first image of an answer, so that its status can still say that the service is busy.</summary>
    private static async Task<IAsyncEnumerator<GeneratedImage>> Begin(ImageService images, Wish wish, HttpContext context, bool previews)
    {
        MemoryBank memory = images.Memory;
        if (wish.Removed is { Length: > 0 } removed)
        {
            memory = memory.Remove([.. removed.Distinct().Select(index => images.Memory.Entry(index).Id)]);
        }

        ImageCallOptions options = new()
        {
            // The address stands for the caller. A service with users takes the user's name.
            Caller = context.Connection.RemoteIpAddress?.ToString(),
            Previews = previews,
            Memory = memory == images.Memory ? null : memory,
        };
        GenerationRequest request = await ToRequest(images, memory, wish, context);

        // A wish that cannot be is answered so even while the service is busy.
        _ = images.EntryOf(request);
        IAsyncEnumerator<GeneratedImage> made = images.GenerateAsync([request], options, context.RequestAborted).GetAsyncEnumerator();
        try
        {
            _ = await made.MoveNextAsync();
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    private static async Task<GenerationRequest> ToRequest(ImageService images, MemoryBank memory, Wish wish, HttpContext context)
    {
        GenerationRequest request = new(long.TryParse(wish.Seed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seed)
            ? seed : throw new ArgumentException($"The seed is '{wish.Seed}'; it must be a whole number of at most 18 digits."));
        if (HttpMethods.IsPost(context.Request.Method))
        {
            (byte[] bytes, byte[]? mask) = await ReadPicture(context);

            // Only the part that the model sees waits in the queue; some encoders see the picture as it is.
            ImageShape shape = images.ImageShape;
            RgbImage picture = images.UsesSourceResolution
                ? CenterCrop.Part(ImageReader.DecodeWhole(bytes, wish.Name, shape.Channels), shape)
                : ImageReader.Decode(bytes, wish.Name, shape);
            return request with
            {
                PromptImage = picture,
                Strength = wish.Strength,
                PromptMask = mask is null ? null : ImageReader.Decode(mask, "the mask", new ImageShape(picture.Height, picture.Width)),
            };
        }

        if (!string.IsNullOrEmpty(wish.Label))
        {
            return request with { PromptLabel = images.LabelIn(wish.Label) };
        }

        if (wish.Memory is not long first)
        {
            return request;
        }

        request = request with { MemoryIndex = Position(images.Memory, memory, first) };
        if (wish.Second is not long second)
        {
            return request;
        }

        using torch.Tensor blend = memory.Interpolate(
            request.MemoryIndex.Value, Position(images.Memory, memory, second), wish.Mix, SnippetInterpolation.Spherical);
        return request with { MemoryIndex = null, Snippet = blend.data<float>().ToArray() };
    }

    /// <summary>The body is the picture, or a form with a picture and a mask that was drawn over its middle square.</summary>
    private static async Task<(byte[] Picture, byte[]? Mask)> ReadPicture(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            return (await Bytes(context.Request.Body), null);
        }

        IFormFileCollection files = (await context.Request.ReadFormAsync(context.RequestAborted)).Files;
        return files["picture"] is { } picture
            ? (await Bytes(picture.OpenReadStream()), files["mask"] is { } mask ? await Bytes(mask.OpenReadStream()) : null)
            : throw new ArgumentException("The form has no file 'picture'.");

        async Task<byte[]> Bytes(Stream stream)
        {
            using MemoryStream all = new();
            await stream.CopyToAsync(all, context.RequestAborted);
            return all.ToArray();
        }
    }

    /// <summary>Where an entry of the whole memory stands in what is left of it.</summary>
    private static long Position(MemoryBank all, MemoryBank left, long index) =>
        all == left ? index
        : left.TryIndexOf(all.Entry(index).Id, out long position) ? position
        : throw new ArgumentException($"Memory {index} is removed. Put it back to draw from it.");

    /// <param name="memory">The whole memory, by whose positions the page knows entries.</param>
    /// <param name="made">Images, the first of which has come.</param>
    private static async IAsyncEnumerable<SseItem<Frame>> Events(MemoryBank memory, IAsyncEnumerator<GeneratedImage> made)
    {
        string? fault = null;
        bool more = true;
        while (more)
        {
            GeneratedImage image = made.Current;
            long? index = image.Entry is { } entry ? memory.IndexOf(entry.Id) : null;
            Frame frame = new(
                Convert.ToBase64String(PngWriter.Encode(image.Image)), image.Preview?.Completed, image.Preview?.Total, index, image.Label);
            yield return new SseItem<Frame>(frame, image.IsPreview ? "preview" : "image");
            try
            {
                more = await made.MoveNextAsync();
            }
            catch (Exception e) when (StatusOf(e) is not null)
            {
                (more, fault) = (false, e.Message);
            }
        }

        if (fault is not null)
        {
            yield return new SseItem<Frame>(new Frame(Error: fault), "failed");
        }
    }

    /// <summary>What the page asks for; a picture to draw from is the body of a POST.</summary>
    /// <param name="Seed">Fixes the noise, and the entry where none is given.</param>
    /// <param name="Label">Words that name a label.</param>
    /// <param name="Memory">An entry.</param>
    /// <param name="Second">Another, to blend with.</param>
    /// <param name="Mix">The part of the second, 0 to 1.</param>
    /// <param name="Name">What errors call the picture.</param>
    /// <param name="Strength">How much of the picture is made anew, 0 to 1; none to take only its memory, or all under the mask.</param>
    /// <param name="Removed">Entries that this visitor has removed; the memory of the others stays whole.</param>
    internal sealed record Wish(
        string Seed = "0", string? Label = null, long? Memory = null, long? Second = null, double Mix = 0.5, string Name = "the picture",
        double? Strength = null, long[]? Removed = null);

    /// <summary>What the page is sent.</summary>
    internal sealed record Frame(
        string? Png = null, int? Step = null, int? Steps = null, long? Memory = null, string? Label = null, string? Error = null);

    /// <summary>Ready while the service would serve a new caller.</summary>
    private sealed class Readiness(ImageService images) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(images.IsReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"{images.Pending} images wait."));
    }
}

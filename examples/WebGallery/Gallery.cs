using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using GMem;
using GMem.Extensions;
using GMem.Images;
using GMem.Memory;
using TorchSharp;

namespace WebGallery;

/// <summary>The page and what it asks for.</summary>
internal static class Gallery
{
    private const int Shown = 48;

    /// <summary>Serves until the program is stopped.</summary>
    public static void Run(string modelPath, int port, CancellationToken cancellationToken)
    {
        WebApplication app = Create($"http://127.0.0.1:{port}", services => services.AddGMem(modelPath));

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
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        register(builder.Services);
        WebApplication app = builder.Build();
        app.MapGet("/", () => Results.Stream(typeof(Gallery).Assembly.GetManifestResourceStream("page.html")!, "text/html; charset=utf-8"));
        app.MapGet("/api/model", (ImageService images) => Describe(images));
        app.MapGet("/api/image", async ([AsParameters] Wish wish, ImageService images, CancellationToken gone) =>
            await Answer(images, wish, async request => Results.Bytes(
                PngWriter.Encode((await images.GenerateOneAsync(request, gone)).Image), "image/png")));
        app.MapGet("/api/stream", async ([AsParameters] Wish wish, ImageService images, CancellationToken gone) =>
            await Answer(images, wish, request => Task.FromResult<IResult>(TypedResults.ServerSentEvents(Events(images, request, gone)))));
        return app;
    }

    /// <summary>A wish that cannot be is answered by what is wrong with it.</summary>
    private static async Task<IResult> Answer(ImageService images, Wish wish, Func<GenerationRequest, Task<IResult>> make)
    {
        try
        {
            GenerationRequest request = ToRequest(images.Memory, wish);
            _ = images.EntryOf(request);
            return await make(request);
        }
        catch (ArgumentException e)
        {
            return Results.BadRequest(new { Error = e.Message });
        }
    }

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

    private static async IAsyncEnumerable<SseItem<Frame>> Events(
        ImageService images, GenerationRequest request, [EnumeratorCancellation] CancellationToken gone)
    {
        await foreach (GeneratedImage image in images.GenerateAsync([request], previews: true, gone))
        {
            Frame frame = new(
                Convert.ToBase64String(PngWriter.Encode(image.Image)), image.Preview?.Completed, image.Preview?.Total, image.Entry?.Index,
                image.Entry?.Label);
            yield return new SseItem<Frame>(frame, image.IsPreview ? "preview" : "image");
        }
    }

    /// <summary>What the page asks for.</summary>
    /// <param name="Seed">Fixes the noise, and the entry where none is given.</param>
    /// <param name="Memory">An entry.</param>
    /// <param name="Second">Another, to blend with.</param>
    /// <param name="Mix">The part of the second, 0 to 1.</param>
    internal sealed record Wish(long Seed = 0, long? Memory = null, long? Second = null, double Mix = 0.5);

    /// <summary>What the page is sent.</summary>
    internal sealed record Frame(string Png, int? Step, int? Steps, long? Memory, string? Label);
}

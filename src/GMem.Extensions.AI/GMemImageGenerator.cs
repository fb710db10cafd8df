using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using GMem.Images;
using Microsoft.Extensions.AI;

namespace GMem.Extensions.AI;

/// <summary>
/// A model as an <see cref="IImageGenerator"/>. A prompt names a label of the model, as in "a small blue ring"
/// (<see cref="GMemModel.LabelIn"/>); a blank one stands for any memory. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Options that are respected: <see cref="ImageGenerationOptions.Count"/> (1 to 1000, default 1), and of the additional
/// properties <see cref="SeedProperty"/> and <see cref="CallerProperty"/>. The size, the media type and the response format may be left out
/// or must be what the model makes: its own size, <c>image/png</c>, data. Other additional properties are ignored.</para>
/// <para>Each picture is a <see cref="DataContent"/> whose additional properties tell its seed, label and memory entry. The limits of the
/// <see cref="ImageService"/> apply: a full queue is a <see cref="ServiceBusyException"/>, and callers take turns.</para>
/// </remarks>
[Experimental("MEAI001")]
public sealed class GMemImageGenerator : IImageGenerator
{
    /// <summary>
    /// An integer of at least 0, from which an image follows bit for bit; further images of the request take the seeds after it. Without
    /// it a random one is taken. Default none.
    /// </summary>
    public const string SeedProperty = "Seed";

    /// <summary>Who calls, a text: the key by which callers take turns (<see cref="ImageCallOptions.Caller"/>). Default none.</summary>
    public const string CallerProperty = "Caller";

    /// <summary>Of a picture: the label that it was made for; absent where there is none.</summary>
    public const string LabelProperty = "Label";

    /// <summary>Of a picture: index of the memory entry that it was made from; absent where there is none.</summary>
    public const string MemoryIndexProperty = "MemoryIndex";

    private const string Png = "image/png";

    /// <summary>Most pictures of a request, which are all in its response.</summary>
    private const int MostPictures = 1000;

    private readonly ImageService _service;
    private readonly ImageGeneratorMetadata _metadata = new("gmem");

    /// <summary>Creates a generator over a service, which is not disposed.</summary>
    /// <param name="service">The service. To use a model by itself: <c>new ImageService(model)</c>.</param>
    public GMemImageGenerator(ImageService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        _service = service;
    }

    /// <summary>Generates the pictures of a request.</summary>
    /// <param name="request">The prompt.</param>
    /// <param name="options">How many, and from which seed; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The pictures, each a <see cref="DataContent"/> of type image/png.</returns>
    /// <exception cref="ArgumentException">
    /// The prompt names no label or several (the message lists the labels), or an option is not what the model makes.
    /// </exception>
    /// <exception cref="NotSupportedException">The request has original images: they cannot be edited.</exception>
    /// <exception cref="ServiceBusyException">The service's queue, or the caller's share of it, is full.</exception>
    /// <exception cref="TimeoutException">A picture was not finished in the service's time.</exception>
    public async Task<ImageGenerationResponse> GenerateAsync(
        ImageGenerationRequest request, ImageGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request, options);
        int count = options?.Count ?? 1;
        string? label = string.IsNullOrWhiteSpace(request.Prompt) ? null : _service.LabelIn(request.Prompt);
        long seed = Seed(options, count);
        ImageCallOptions call = new() { Caller = Property(options, CallerProperty)?.ToString() };
        GenerationRequest[] requests = [.. Enumerable.Range(0, count).Select(i => new GenerationRequest(seed + i, PromptLabel: label))];
        AIContent[] pictures = new AIContent[count];
        await foreach (GeneratedImage image in _service.GenerateAsync(requests, call, cancellationToken).ConfigureAwait(false))
        {
            pictures[image.Index] = Content(image);
        }

        return new ImageGenerationResponse([.. pictures]);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ImageGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_service) ? _service
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Does nothing: the service belongs to who made it.</summary>
    public void Dispose()
    {
    }

    private void Check(ImageGenerationRequest request, ImageGenerationOptions? options)
    {
        if (request.OriginalImages?.Any() == true)
        {
            throw new NotSupportedException(
                $"The request has {nameof(request.OriginalImages)}: GMem draws new pictures and cannot edit. Leave them out; to draw from "
                    + "a picture, give it to the ImageService as a PromptImage.");
        }

        (int height, int width) = (_service.ImageShape.Height, _service.ImageShape.Width);
        string[] faults = [.. new[]
        {
            options?.Count is < 1 or > MostPictures ? $"Count is {options.Count}, it must be from 1 to {MostPictures}" : null,
            options?.ImageSize is { } size && (size.Width != width || size.Height != height)
                ? $"ImageSize is {size.Width} x {size.Height}, the model makes {width} x {height}" : null,
            options?.MediaType is { } type && !type.Equals(Png, StringComparison.OrdinalIgnoreCase)
                ? $"MediaType is '{type}', pictures are {Png}" : null,
            options?.ResponseFormat is { } format and not ImageGenerationResponseFormat.Data
                ? $"ResponseFormat is {format}, pictures are returned as {ImageGenerationResponseFormat.Data}" : null,
            options?.ModelId is { } model ? $"ModelId is '{model}', but the service has one model, without an id" : null,
        }.OfType<string>()];
        if (faults.Length > 0)
        {
            throw new ArgumentException($"{nameof(ImageGenerationOptions)}: {string.Join("; ", faults)}.", nameof(options));
        }
    }

    private static object? Property(ImageGenerationOptions? options, string name) =>
        options?.AdditionalProperties?.GetValueOrDefault(name);

    private static long Seed(ImageGenerationOptions? options, int count)
    {
        // Other libraries and JSON have integers of other widths; their text is the same.
        return Property(options, SeedProperty) is not { } given ? Random.Shared.NextInt64(int.MaxValue)
            : long.TryParse(Convert.ToString(given, CultureInfo.InvariantCulture), NumberStyles.None, CultureInfo.InvariantCulture,
                out long seed) && seed <= long.MaxValue - count ? seed
            : throw new ArgumentException(
                $"The additional property {SeedProperty} is '{given}', it must be an integer from 0 to {long.MaxValue - count}.",
                nameof(options));
    }

    private static DataContent Content(GeneratedImage image)
    {
        AdditionalPropertiesDictionary properties = new() { [SeedProperty] = image.Request.Seed };
        if (image.Label is { } label)
        {
            properties[LabelProperty] = label;
        }

        if (image.Entry is { } entry)
        {
            properties[MemoryIndexProperty] = entry.Index;
        }

        return new DataContent(PngWriter.Encode(image.Image), Png)
        {
            Name = $"{image.Request.Seed.ToString(CultureInfo.InvariantCulture)}.png",
            AdditionalProperties = properties,
        };
    }
}

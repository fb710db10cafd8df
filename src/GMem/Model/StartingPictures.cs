using GMem.Images;
using GMem.Sampling;

namespace GMem;

/// <summary>
/// The pictures that requests of one strength start from or keep a part of, and their masks, as pixels and as the network sees them.
/// The tensors are of the caller's scope.
/// </summary>
internal sealed class StartingPictures
{
    private readonly torch.Tensor _pixels;
    private readonly torch.Tensor _latents;
    private readonly torch.Tensor? _mask;
    private readonly torch.Tensor? _latentMask;
    private readonly double _strength;

    private StartingPictures(ModelCore core, IReadOnlyList<GenerationRequest> requests)
    {
        _strength = requests[0].Strength ?? 1;
        _pixels = ImageTensors.ToTensor([.. requests.Select(r => CenterCrop.Apply(r.PromptImage!, core.ImageShape))]);
        _latents = Encode(core, _pixels);
        if (requests[0].PromptMask is not null)
        {
            // Inverted while it is brought to the shape: what is padded is padded with white, and is not painted over.
            ImageShape shape = core.ImageShape with { Channels = ImageShape.Grey };
            _mask = ImageTensors.ToTensor([.. requests.Select(r => CenterCrop.Apply(Inverted(r.PromptMask!), shape))])
                .to(torch.float32).lt(torch.tensor(127.5f));

            // A cell is painted if any of its pixels is: what is kept of the latents must know nothing of what is painted over.
            int factor = core.Autoencoder.DownsamplingFactor;
            _latentMask = torch.nn.functional.max_pool2d(_mask.to(torch.float32), factor, factor).to(torch.@bool).to(core.Device);
        }
    }

    /// <summary>Null where the requests start from noise and keep nothing.</summary>
    /// <param name="core">The model's core.</param>
    /// <param name="requests">At least one, all of one strength, and all with a mask or none.</param>
    public static StartingPictures? Of(ModelCore core, IReadOnlyList<GenerationRequest> requests) =>
        requests[0].PromptMask is null && requests[0].Strength is null or 1 ? null : new StartingPictures(core, requests);

    /// <summary>Pictures as the network sees them, each encoded by itself, so that the batch has no part in it.</summary>
    public static torch.Tensor Encode(ModelCore core, torch.Tensor pixels) => torch.cat(
        [.. Enumerable.Range(0, (int)pixels.shape[0]).Select(i => core.Autoencoder.Encode(pixels.narrow(0, i, 1).to(core.Device)))]);

    /// <exception cref="ArgumentException">What the request says of a picture does not fit; the message says what and why.</exception>
    public static void Check(GMemModel model, GenerationRequest request)
    {
        if (request.Strength is { } strength && !(strength >= 0 && strength <= 1))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"The Strength is {strength}, but must be from 0 (the picture itself) to 1 (made from noise alone)."));
        }

        if (request.HasStart && request.PromptImage is null)
        {
            throw new ArgumentException(
                $"The request has a {(request.PromptMask is null ? "Strength" : "PromptMask")} but no PromptImage: give the picture to "
                + "start from.");
        }

        if (request is { PromptMask: { } mask, PromptImage: { } image } && (mask.Width != image.Width || mask.Height != image.Height))
        {
            throw new ArgumentException(
                $"The PromptMask is {mask.Width} x {mask.Height} and the PromptImage {image.Width} x {image.Height}; a mask has the size "
                + "of its picture.");
        }

        if (!request.Noise.IsEmpty && request.Noise.Length != model.NoiseSize)
        {
            throw new ArgumentException(
                $"The Noise has {request.Noise.Length} numbers, but this model starts from "
                + $"{string.Join(" x ", model.Core.LatentShape)} = {model.NoiseSize}.");
        }

        if (request.Noise.Span.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new ArgumentException("The Noise has numbers that are not finite.");
        }
    }

    /// <summary>What some of the rows start from.</summary>
    public PictureStart Start(int begin, int count, int resamplings, Func<int, torch.Tensor> draws) => new(
        _latents.narrow(0, begin, count),
        _strength,
        _latentMask is null ? null : new Repainting(_latentMask.narrow(0, begin, count), resamplings, draws));

    /// <summary>The pixels that were made where they are painted, else those of the pictures. Null if everything is painted.</summary>
    /// <param name="made">uint8 <c>[B, C, H, W]</c> on the CPU.</param>
    public torch.Tensor? Composite(torch.Tensor made) => _mask is null ? null : torch.where(_mask, made, _pixels);

    private static RgbImage Inverted(RgbImage mask) =>
        new(mask.Width, mask.Height, Array.ConvertAll(mask.Pixels, p => (byte)(255 - p)), mask.Channels);
}

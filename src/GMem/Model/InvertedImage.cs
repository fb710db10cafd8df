using GMem.Images;

namespace GMem;

/// <summary>A picture and the noise of which the model makes it.</summary>
/// <param name="Index">Position of its request among the requests, from 0.</param>
/// <param name="Request">The request.</param>
/// <param name="Noise">
/// The noise, <c>C h w</c> numbers, for <see cref="GenerationRequest.Noise"/>: with the memory of the request it gives the picture back,
/// with another memory the picture in another style.
/// </param>
/// <param name="Reconstruction">What the model makes of the noise and the memory of the request.</param>
/// <param name="RoundTripError">
/// How far that is from the picture (in a latent model from the picture as the autoencoder gives it back): the root of the mean square of
/// the differences, in levels of 255. More solver steps make it smaller.
/// </param>
public sealed record InvertedImage(
    int Index, GenerationRequest Request, ReadOnlyMemory<float> Noise, RgbImage Reconstruction, double RoundTripError);

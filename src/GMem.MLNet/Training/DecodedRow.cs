using GMem.Images;

namespace GMem.MLNet.Training;

/// <summary>What is made of an image while it is read.</summary>
/// <param name="Image">The image, cut and scaled.</param>
/// <param name="Features">The vector of the whole image, where one is made of it.</param>
/// <param name="MirroredFeatures">That of its mirror image, where it is wanted.</param>
internal sealed record DecodedRow(RgbImage Image, float[]? Features, float[]? MirroredFeatures);

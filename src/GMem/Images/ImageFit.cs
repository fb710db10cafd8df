namespace GMem.Images;

/// <summary>What becomes of a picture whose aspect ratio is not that of the images wanted.</summary>
public enum ImageFit
{
    /// <summary>It is scaled until it covers the image, and what stands out on two sides is cut off evenly.</summary>
    Crop,

    /// <summary>
    /// It is scaled until all of it lies within the image, and the rest is filled evenly on two sides: white, and transparent where there
    /// is alpha.
    /// </summary>
    Pad,
}

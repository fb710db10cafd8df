namespace GMem.Images;

/// <summary>Pillow's filters used in image preparation.</summary>
internal enum ResampleFilter
{
    /// <summary>The mean of the pixels under an output pixel.</summary>
    Box,

    /// <summary>A triangle of radius 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic of radius 2 with a = -0.5.</summary>
    Bicubic,
}

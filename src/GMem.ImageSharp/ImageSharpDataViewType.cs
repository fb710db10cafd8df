using Microsoft.ML.Data;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.ImageSharp;

/// <summary>The type of a column of ImageSharp images, of any sizes: <see cref="Image{TPixel}"/> of <see cref="Rgb24"/>.</summary>
public sealed class ImageSharpDataViewType : StructuredDataViewType
{
    /// <summary>Creates the type; all instances are equal.</summary>
    public ImageSharpDataViewType()
        : base(typeof(Image<Rgb24>))
    {
    }

    /// <inheritdoc/>
    public override bool Equals(DataViewType? other) => other is ImageSharpDataViewType;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ImageSharpDataViewType;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(ImageSharpDataViewType).GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => "Image<Rgb24>";
}

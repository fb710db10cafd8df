using GMem.MLNet;
using Microsoft.ML.Data;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace GMem.ImageSharp;

/// <summary>
/// Makes a row's property of type <see cref="Image{TPixel}"/> of <see cref="Rgb24"/> an image column, which GMem trains on and takes as a
/// prompt, with <c>LoadFromEnumerable</c> and in a <c>PredictionEngine</c>. Null stands for no image.
/// </summary>
/// <remarks>
/// The pixels are copied when a row is read; the image stays yours. ML.NET's own transforms do not know the type: for them, take
/// <see cref="MLImage"/>. ML.NET leaves the column out of a schema that it saves, and refuses a schema of nothing else: then give
/// <c>mlContext.Model.Save</c> null for the schema.
/// </remarks>
/// <example><code>
/// public sealed class Photo
/// {
///     [ImageSharpType]
///     public Image&lt;Rgb24&gt; Picture { get; set; }
/// }
/// </code></example>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class ImageSharpTypeAttribute : DataViewTypeAttribute
{
    /// <summary>Tells ML.NET and GMem of the type; ML.NET calls it for each row class it meets.</summary>
    public override void Register()
    {
        DataViewTypeManager.Register(new ImageSharpDataViewType(), typeof(Image<Rgb24>), this);
        ImageColumnTypes.Register<Image<Rgb24>>(ImageSharpExtensions.ToRgbImage);
    }

    /// <inheritdoc/>
    public override bool Equals(DataViewTypeAttribute? other) => other is ImageSharpTypeAttribute;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ImageSharpTypeAttribute;

    /// <inheritdoc/>
    public override int GetHashCode() => typeof(ImageSharpTypeAttribute).GetHashCode();
}

using GMem.Images;
using Microsoft.ML.Transforms.Image;

namespace GMem.MLNet.Generation;

/// <summary>The type of the generated column.</summary>
internal static class ImageColumn
{
    /// <summary>
    /// An image type of this size, known to ML.NET: <c>CreateEnumerable</c> and <c>PredictionEngine</c> refuse an image column of a size
    /// that has not been registered.
    /// </summary>
    public static ImageDataViewType TypeOf(ImageShape shape)
    {
        new ImageTypeAttribute(shape.Height, shape.Width).Register();
        return new ImageDataViewType(shape.Height, shape.Width);
    }
}

using GMem.Images;

namespace GMem.Tool.Output;

/// <summary>Where generated images go: a folder, one file each, or one file with all of them.</summary>
internal sealed class ImageOutput
{
    private const int SmallestTile = 64;

    private readonly bool _grid;
    private readonly int _scale;
    private readonly List<RgbImage> _pictures = [];
    private readonly List<object> _images = [];

    /// <param name="path">A folder, or a file whose name ends in .png.</param>
    /// <param name="shape">Shape of the images; small ones are enlarged in a grid.</param>
    /// <param name="count">How many there will be.</param>
    /// <param name="inputs">What is read, none of which may be replaced.</param>
    /// <exception cref="ArgumentException">Nothing can be written there, or a grid of so many is too large.</exception>
    public ImageOutput(string path, ImageShape shape, int count, IEnumerable<string?> inputs)
    {
        Path = path;
        _grid = OutputFile.PrepareImages(path, inputs);
        _scale = Math.Max(1, SmallestTile / shape.Width);
        (long width, long height) = (((long)shape.Width * _scale) + 2, ((long)shape.Height * _scale) + 2);
        if (_grid && width * height * count > ImageReader.MaxPixels)
        {
            throw new ArgumentException(
                $"{count} images of {shape.Width} x {shape.Height} pixels are too many for one picture '{path}'; name a folder for one file "
                    + "each.");
        }
    }

    public string Path { get; }

    /// <summary>What each image is, for <c>--json</c>.</summary>
    public IReadOnlyList<object> Images => _images;

    public void Add(GeneratedImage image)
    {
        string? file = _grid ? null : System.IO.Path.Combine(Path, $"{image.Request.Seed}.png");
        _images.Add(new { File = file, image.Request.Seed, MemoryIndex = image.Entry?.Index, image.Entry?.Label, image.Entry?.Source });
        if (file is null)
        {
            _pictures.Add(image.Image);
        }
        else
        {
            PngWriter.Write(file, image.Image);
        }
    }

    public void Finish()
    {
        if (_grid)
        {
            ImageGrid.Save(Path, _pictures, scale: _scale);
        }
    }
}

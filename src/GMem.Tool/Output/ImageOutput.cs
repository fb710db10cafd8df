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
    /// <param name="imageSize">Side of the images; small ones are enlarged in a grid.</param>
    public ImageOutput(string path, int imageSize)
    {
        Path = path;
        _grid = path.EndsWith(".png", StringComparison.OrdinalIgnoreCase);
        _scale = Math.Max(1, SmallestTile / imageSize);
        string? folder = _grid ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) : path;
        if (!string.IsNullOrEmpty(folder))
        {
            _ = Directory.CreateDirectory(folder);
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

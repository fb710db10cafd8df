namespace QuickStart;

/// <summary>The files of one run.</summary>
internal sealed class OutputFolder
{
    private readonly string _path;

    /// <summary>Makes the folder, and <c>samples</c> in it, where they do not exist.</summary>
    public OutputFolder(string path)
    {
        _path = path;
        Directory.CreateDirectory(Singles);
    }

    public string Model => Path.Combine(_path, "model.zip");

    public string Samples => Path.Combine(_path, "samples.png");

    public string Training => Path.Combine(_path, "training.png");

    public string Shapes => Path.Combine(_path, "shapes.zip");

    public string Singles => Path.Combine(_path, "samples");

    public string Single(int index) => Path.Combine(Singles, $"{index:D4}.png");

    /// <summary>Removes the numbered images of an earlier run, so that the folder holds those of one model only.</summary>
    public void ClearSingles()
    {
        foreach (string file in Directory.EnumerateFiles(Singles,
            "*.png").Where(f => Path.GetFileNameWithoutExtension(f) is { Length: >= 4 } name && name.All(char.IsAsciiDigit)).ToArray())
        {
            File.Delete(file);
        }
    }
}

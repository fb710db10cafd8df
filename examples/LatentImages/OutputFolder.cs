namespace LatentImages;

/// <summary>The files of one run.</summary>
internal sealed class OutputFolder
{
    private readonly string _path;

    /// <summary>Makes the folder where it does not exist.</summary>
    public OutputFolder(string path)
    {
        _path = path;
        Directory.CreateDirectory(path);
    }

    public string Model => Path.Combine(_path, "model.zip");

    public string Network => Path.Combine(_path, "network.safetensors");

    public string Samples => Path.Combine(_path, "samples.png");

    public string Reconstructions => Path.Combine(_path, "reconstructions.png");

    public string Workspace => Path.Combine(_path, "workspace");

    public string Pictures => Path.Combine(_path, "pictures");
}

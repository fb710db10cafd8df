using System.IO.Compression;
using GMem;
using TorchSharp;

namespace HeadlineResult.Runs;

/// <summary>A model in a zip file.</summary>
internal sealed class ModelFile : IModelArchive, IDisposable
{
    private readonly ZipArchive _zip;

    private ModelFile(string path, ZipArchiveMode mode) => _zip = ZipFile.Open(path, mode);

    public static void Save(string path, GMemModel model)
    {
        File.Delete(path);
        using ModelFile file = new(path, ZipArchiveMode.Create);
        model.Save(file);
    }

    public static GMemModel Load(string path, torch.Device device)
    {
        using ModelFile file = new(path, ZipArchiveMode.Read);
        return GMemModel.Load(file, device);
    }

    public void Write(string name, Action<Stream> write)
    {
        using Stream stream = _zip.CreateEntry(name, CompressionLevel.Fastest).Open();
        write(stream);
    }

    public bool TryRead(string name, Action<Stream> read)
    {
        if (_zip.GetEntry(name) is not { } entry)
        {
            return false;
        }

        using Stream stream = entry.Open();
        read(stream);
        return true;
    }

    public void Dispose() => _zip.Dispose();
}

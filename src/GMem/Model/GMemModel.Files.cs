using GMem.FileFormats;

namespace GMem;

/// <content>Saving and loading.</content>
public sealed partial class GMemModel
{
    /// <summary>
    /// Whether damage to the file that the model was loaded from would have been noticed; for a model whose bank was changed since, that
    /// of its network.
    /// </summary>
    public FileIntegrity Integrity => Core.Integrity;

    /// <summary>Reads a model that <see cref="Save(string)"/> or ML.NET's <c>mlContext.Model.Save</c> wrote.</summary>
    /// <param name="path">A zip with one model in it, at its root or in any folder.</param>
    /// <param name="device">Where the network is put; null takes the CPU.</param>
    /// <returns>The model; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It holds no model or several, is damaged, is of a newer version, or needs a part that is not
    /// registered (<see cref="Parts.ModelParts.Register{T}"/>); the message names the file.</exception>
    public static GMemModel Load(string path, torch.Device? device = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = InputFile.Open(path, "model file");
        return ZipModelArchive.Read(stream, $"'{path}'", archive => Load(archive, device ?? torch.CPU));
    }

    /// <summary>Reads a model from a stream.</summary>
    /// <param name="stream">A zip as for <see cref="Load(string, torch.Device?)"/>, read to its end and left open. One that cannot seek is
    /// copied into memory first.</param>
    /// <param name="device">Where the network is put; null takes the CPU.</param>
    /// <returns>The model; dispose it.</returns>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    public static GMemModel Load(Stream stream, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return ZipModelArchive.Read(stream, "The stream", archive => Load(archive, device ?? torch.CPU));
    }

    /// <summary>Reads a model from named streams.</summary>
    /// <param name="archive">Where from.</param>
    /// <param name="device">Where the network is put.</param>
    /// <returns>The model; dispose it.</returns>
    /// <exception cref="InvalidDataException">What is there is no model, is damaged, is of a newer version, or needs a part that is not
    /// registered.</exception>
    public static GMemModel Load(IModelArchive archive, torch.Device device)
    {
        GMemRuntime.EnsureLoaded();
        ArgumentNullException.ThrowIfNull(archive);
        ArgumentNullException.ThrowIfNull(device);
        return ModelSerializer.Load(archive, device);
    }

    /// <summary>Writes the model as a zip of <c>model.json</c> and safetensors files.</summary>
    /// <param name="path">The file; an existing one is replaced only when the new one is complete.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, Save);
    }

    /// <summary>Writes the model as a zip into a stream.</summary>
    /// <param name="stream">Where to; it need not seek, and is left open.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using UseScope use = Use();
        ZipModelArchive.Save(this, stream);
    }

    /// <summary>Writes the model as named streams.</summary>
    /// <param name="archive">Where to.</param>
    public void Save(IModelArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        using UseScope use = Use();
        ModelSerializer.Save(this, archive);
    }
}

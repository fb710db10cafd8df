using System.IO.Compression;
using System.Reflection;

namespace GMem.MLNet.Persistence;

/// <summary>A model being loaded: its entries are those of the zip.</summary>
internal sealed class LoadedModel : IModelArchive
{
    private readonly ModelLoadContext _context;

    private LoadedModel(ModelLoadContext context) => _context = context;

    /// <summary>
    /// ML.NET's reader copies a whole entry into memory before it can be looked at, whatever length it claims, and compares no checksum; so
    /// the zip under it is read, where this ML.NET has it in the place that is known.
    /// </summary>
    public static IModelArchive Of(ModelLoadContext context)
    {
        FieldInfo? field = typeof(RepositoryReader).GetField("_archive", BindingFlags.Instance | BindingFlags.NonPublic);
        return field?.GetValue(context.Repository) is ZipArchive zip
            ? new ZipModelArchive(zip, (context.Directory ?? "").Replace('\\', '/'))
            : new LoadedModel(context);
    }

    public void Write(string name, Action<Stream> write) =>
        throw new NotSupportedException("A model that is being loaded cannot be written.");

    public bool TryRead(string name, Action<Stream> read) => _context.TryLoadBinaryStream(name, reader => read(reader.BaseStream));
}

namespace GMem.MLNet.Persistence;

/// <summary>A model being saved: each entry becomes one of the zip, beside ML.NET's own.</summary>
internal sealed class SavedModel(ModelSaveContext context) : IModelArchive
{
    public void Write(string name, Action<Stream> write) => context.SaveBinaryStream(name, writer => write(writer.BaseStream));

    public bool TryRead(string name, Action<Stream> read) => throw new NotSupportedException("A model that is being saved cannot be read.");
}

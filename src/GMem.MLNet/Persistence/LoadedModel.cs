namespace GMem.MLNet.Persistence;

/// <summary>A model being loaded: its entries are those of the zip.</summary>
internal sealed class LoadedModel(ModelLoadContext context) : IModelArchive
{
    public void Write(string name, Action<Stream> write) =>
        throw new NotSupportedException("A model that is being loaded cannot be written.");

    public bool TryRead(string name, Action<Stream> read) => context.TryLoadBinaryStream(name, reader => read(reader.BaseStream));
}

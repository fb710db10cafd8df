namespace GMem.Tests.Shared;

/// <summary>A model archive in memory.</summary>
public sealed class MemoryArchive : IModelArchive
{
    public Dictionary<string, byte[]> Entries { get; } = [];

    public void Write(string name, Action<Stream> write)
    {
        using MemoryStream stream = new();
        write(stream);
        Entries[name] = stream.ToArray();
    }

    public bool TryRead(string name, Action<Stream> read)
    {
        if (!Entries.TryGetValue(name, out byte[]? bytes))
        {
            return false;
        }

        read(new MemoryStream(bytes, writable: false));
        return true;
    }
}

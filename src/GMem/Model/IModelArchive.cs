namespace GMem;

/// <summary>Where a model is written to and read from: named streams, as the entries of a zip are.</summary>
public interface IModelArchive
{
    /// <summary>Writes one entry.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="write">Writes its content; the stream need not seek.</param>
    void Write(string name, Action<Stream> write);

    /// <summary>Reads one entry.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="read">Reads its content; the stream need not seek.</param>
    /// <returns>False if there is no such entry; <paramref name="read"/> is then not called.</returns>
    bool TryRead(string name, Action<Stream> read);
}

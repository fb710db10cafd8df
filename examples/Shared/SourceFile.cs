namespace Examples.Shared;

/// <summary>The file behind a path that the library reads.</summary>
internal static class SourceFile
{
    /// <summary>The archive of an image inside one (<c>photos.zip/cat/1.jpg</c>), or the image itself.</summary>
    public static string Of(string path) =>
        path.IndexOf(".zip/", StringComparison.OrdinalIgnoreCase) is int at and >= 0 ? path[..(at + ".zip".Length)] : path;
}

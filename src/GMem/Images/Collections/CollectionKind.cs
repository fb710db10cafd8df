namespace GMem.Images;

/// <summary>Files that hold or list images.</summary>
internal enum CollectionKind
{
    Zip,
    Tar,
    Parquet,
    List,
}

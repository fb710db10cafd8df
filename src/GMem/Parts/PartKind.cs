namespace GMem.Parts;

/// <summary>The name under which a part is saved, and the version of its configuration and tensors.</summary>
/// <param name="Name">A short, stable name such as <c>pca</c>. Case-sensitive; unique among all registered parts.</param>
/// <param name="Version">The newest version that this program writes and reads. At least 1. Default 1.</param>
public readonly record struct PartKind(string Name, int Version = 1)
{
    /// <inheritdoc/>
    public override string ToString() => $"'{Name}' version {Version}";
}

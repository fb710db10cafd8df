namespace GMem.Images;

/// <summary>The images of a folder, an archive or a list, and all else in it.</summary>
/// <param name="Files">In the order in which they are read fastest.</param>
/// <param name="Ignored">What is not read, in any order.</param>
/// <param name="Warnings">What a user should know beside what was ignored.</param>
internal sealed record FoundImages(
    IReadOnlyList<ImageFile> Files, IReadOnlyList<IgnoredFile> Ignored, params IReadOnlyList<string> Warnings)
{
    /// <summary>Sorts names into images and others.</summary>
    /// <param name="root">The folder or archive, as images name it.</param>
    /// <param name="names">Of files in it, relative, with forward slashes.</param>
    /// <param name="ignored">What is not read whatever its name, relative too.</param>
    /// <param name="label">The label of an image, null for that of its folder; null for that of its folder always.</param>
    /// <param name="warning">A warning, or null.</param>
    public static FoundImages Of(
        string root, IEnumerable<string> names, IEnumerable<IgnoredFile> ignored, Func<string, string?>? label = null,
        string? warning = null)
    {
        List<ImageFile> files = [];
        List<IgnoredFile> others = [.. ignored.Select(f => f with { Path = At(root, f.Path) })];
        foreach (string name in names)
        {
            if (ImageName.WhyIgnored(name) is { } reason)
            {
                others.Add(new IgnoredFile(At(root, name), reason, ImageName.IsSuspect(name, reason)));
            }
            else
            {
                files.Add(new ImageFile
                {
                    ImagePath = At(root, name),
                    Label = NormalForm.Of(label?.Invoke(name) ?? ImageName.Folder(name)),
                });
            }
        }

        return new FoundImages(files, others, warning is null ? [] : [warning]);
    }

    /// <summary>Several as one, in their order.</summary>
    public static FoundImages Concat(IReadOnlyCollection<FoundImages> parts) => new(
        [.. parts.SelectMany(p => p.Files)], [.. parts.SelectMany(p => p.Ignored)], [.. parts.SelectMany(p => p.Warnings)]);

    public static string At(string root, string name) => root.EndsWith('/') ? root + name : $"{root}/{name}";
}

using System.IO.Enumeration;
using GMem.FileFormats;

namespace GMem.Images;

/// <summary>
/// All files below a folder. Real folders come first, then links to folders, each followed once, so that neither a loop nor a second link
/// lists a file twice.
/// </summary>
internal sealed class FolderWalk
{
    // .NET puts this in place of bytes that are not UTF-8; the name it gives then opens nothing.
    private const char Undecodable = '\uFFFD';

    /// <summary>What a folder has that is the workspace of a training run.</summary>
    internal const string WorkspaceLock = "run.lock";
    internal const string WorkspaceCheckpoints = "checkpoints";

    private static readonly EnumerationOptions All = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string _root;
    private readonly string _realRoot;
    private readonly HashSet<string> _visited = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _links = new(StringComparer.Ordinal);
    private readonly List<string> _files = [];
    private readonly List<IgnoredFile> _ignored = [];

    private FolderWalk(string root) => (_root, _realRoot) = (root, RealPath.Of(root));

    /// <summary>Paths relative to the folder, with forward slashes, of files and of what cannot be entered or opened.</summary>
    public static (IReadOnlyList<string> Names, IReadOnlyList<IgnoredFile> Ignored) Run(string folder)
    {
        FolderWalk walk = new(folder);
        walk.Enter("", walk._realRoot);
        while (walk._links.Min is { } link)
        {
            _ = walk._links.Remove(link);
            walk.Follow(link);
        }

        walk._files.Sort(StringComparer.Ordinal);
        return (walk._files, walk._ignored);
    }

    /// <summary>Whether a folder is the workspace of a training run: what lies in it is no training data.</summary>
    private static bool IsWorkspace(string folder) =>
        File.Exists(Path.Combine(folder, WorkspaceLock)) && Directory.Exists(Path.Combine(folder, WorkspaceCheckpoints));

    private void Enter(string folder, string real)
    {
        if (!_visited.Add(real))
        {
            return;
        }

        if (folder.Length > 0 && IsWorkspace(Path.Combine(_root, folder)))
        {
            _ignored.Add(new IgnoredFile(folder, "workspace of a training run", IsSuspect: false));
            return;
        }

        FileSystemEnumerable<(string Name, bool IsFolder, FileAttributes Attributes)> entries = new(
            Path.Combine(_root, folder), (ref FileSystemEntry e) => (e.FileName.ToString(), e.IsDirectory, e.Attributes), All);
        foreach ((string name, bool isFolder, FileAttributes attributes) in entries.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            string path = folder.Length == 0 ? name : $"{folder}/{name}";
            bool isLink = attributes.HasFlag(FileAttributes.ReparsePoint);
            bool isThere = !isLink || Path.Exists(ResolvedOrNull(path));
            if (OperatingSystem.IsWindows() && (attributes & (FileAttributes.Hidden | FileAttributes.System)) != 0)
            {
                _ignored.Add(new IgnoredFile(path, ImageName.Hidden, IsSuspect: false));
            }
            else if (name.Contains(Undecodable, StringComparison.Ordinal) && !Path.Exists(Path.Combine(_root, path)))
            {
                string kind = isFolder ? "folder whose name is not UTF-8, with all that is in it" : "name that is not UTF-8";
                _ignored.Add(new IgnoredFile(path, kind, IsSuspect: true));
            }
            else if (!isThere)
            {
                _ignored.Add(new IgnoredFile(path, "link to nothing", IsSuspect: true));
            }
            else if (!isFolder)
            {
                _files.Add(path);
            }
            else if (isLink)
            {
                _ = _links.Add(path);
            }
            else
            {
                Enter(path, Path.Combine(real, name));
            }
        }
    }

    private void Follow(string link)
    {
        string real = RealPath.Of(Path.Combine(_root, link));
        if (RealPath.IsWithin(_realRoot, real))
        {
            _ignored.Add(new IgnoredFile(link, "link to a folder that it lies in", IsSuspect: false));
        }
        else if (_visited.Contains(real))
        {
            _ignored.Add(new IgnoredFile(link, "link to a folder that is listed already", IsSuspect: false));
        }
        else
        {
            Enter(link, real);
        }
    }

    private string? ResolvedOrNull(string link)
    {
        try
        {
            return RealPath.Of(Path.Combine(_root, link));
        }
        catch (IOException)
        {
            // Links in a circle lead to nothing.
            return null;
        }
    }
}

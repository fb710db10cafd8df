using GMem.Images;

namespace GMem.Training;

/// <summary>Keeps a second run out of a workspace. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class WorkspaceLock : IDisposable
{
    private readonly FileStream _file;

    /// <exception cref="IOException">Another run is using the workspace.</exception>
    public WorkspaceLock(string workspace)
    {
        _ = Directory.CreateDirectory(workspace);
        string path = Path.Combine(workspace, FolderWalk.WorkspaceLock);
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new IOException(
                $"The workspace '{workspace}' is in use by another run. Wait for it to end, or choose another WorkspacePath.", e);
        }
    }

    public void Dispose() => _file.Dispose();
}

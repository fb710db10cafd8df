using GMem.Tests.Shared;

namespace GMem.PipelineTests;

/// <summary>A new empty folder that is the current one while a recipe runs.</summary>
internal sealed class WorkingFolder : IDisposable
{
    private readonly string _before = Environment.CurrentDirectory;
    private readonly TemporaryFolder _folder = new();

    public WorkingFolder() => Environment.CurrentDirectory = _folder.Path;

    public string Path => _folder.Path;

    public void Dispose()
    {
        Keep();
        Environment.CurrentDirectory = _before;
        _folder.Dispose();
    }

    /// <summary>Leaves the pictures where <c>GMEM_KEEP_PICTURES</c> says, for a person to look at.</summary>
    private void Keep()
    {
        if (Environment.GetEnvironmentVariable("GMEM_KEEP_PICTURES") is { Length: > 0 } kept)
        {
            string target = Directory.CreateDirectory(
                System.IO.Path.Combine(kept, TestContext.Current.TestMethod?.MethodName ?? "unknown")).FullName;
            foreach (string picture in Directory.EnumerateFiles(Path, "*.png"))
            {
                File.Copy(picture, System.IO.Path.Combine(target, System.IO.Path.GetFileName(picture)), overwrite: true);
            }
        }
    }
}

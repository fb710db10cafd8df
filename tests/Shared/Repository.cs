namespace GMem.Tests.Shared;

/// <summary>
/// The folder of the repository: above the test that runs. The compiler's own paths are of no use, it writes <c>/_</c> for them in
/// continuous integration.
/// </summary>
public static class Repository
{
    private static readonly Lazy<string> Found = new(Find);

    public static string Root => Found.Value;

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "GMem.MLNet.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"'{AppContext.BaseDirectory}' is not inside the repository.");
    }
}

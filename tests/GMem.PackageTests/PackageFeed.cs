using System.IO.Compression;
using GMem.Tests.Shared;

namespace GMem.PackageTests;

/// <summary>A folder with all packages, of a version that is nowhere else, and beside it room for projects that use them.</summary>
public sealed class PackageFeed : IAsyncLifetime
{
    private static readonly string[] Projects =
    [
        "GMem.LibTorch", "GMem", "GMem.MLNet", "GMem.Extensions", "GMem.Extensions.AI", "GMem.ImageSharp", "GMem.ResNet18", "GMem.Tool",
    ];

    private readonly TemporaryFolder _folder = new();

    /// <summary>Why the tests do not run, or null.</summary>
    public static string? Reason { get; } = Environment.GetEnvironmentVariable(
        "GMEM_PACKAGE_TESTS") == "1" ? null : "slow (a minute or two, and packages of 300 MB): set GMEM_PACKAGE_TESTS=1";

    public string Version { get; } = $"0.0.1-test.{Guid.NewGuid().ToString("N")[..12]}";

    public static string Root() => Repository.Root;

    public async ValueTask InitializeAsync()
    {
        if (Reason is not null)
        {
            return;
        }

        foreach (string project in Projects)
        {
            // The first is for a tree with .git, where MinVer decides, the second for one without.
            string[] version = [$"-p:MinVerVersionOverride={Version}", $"-p:PackageVersion={Version}"];
            string[] pack = ["pack", Path.Combine("src", project), "-c", "Release", "--output", Packages];
            _ = await Command.Run(Root(), Command.Dotnet, [.. pack, .. version]);
        }

        File.WriteAllText(
            _folder.File("nuget.config"),
            $"""<configuration><packageSources><add key="packed" value="{Packages}" /></packageSources></configuration>""");
    }

    /// <summary>A new folder for a project.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(_folder.File(name)).FullName;

    public ZipArchive Open(string package, string extension = "nupkg") =>
        ZipFile.OpenRead(Path.Combine(Packages, $"{package}.{Version}.{extension}"));

    public string Packages => Path.Combine(_folder.Path, "packages");

    /// <summary>Takes the packages of this version out of the user's package folder again.</summary>
    public ValueTask DisposeAsync()
    {
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string package in Directory.Exists(cache) ? Directory.EnumerateDirectories(cache, "gmem*") : [])
        {
            string version = Path.Combine(package, Version);
            if (Directory.Exists(version))
            {
                Directory.Delete(version, recursive: true);
            }
        }

        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

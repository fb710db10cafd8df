using System.Diagnostics;
using System.Security;

namespace GMem.Tool.ExtensionPackages;

/// <summary>Publishes a package with all that it needs into a folder, with the .NET SDK.</summary>
internal static class ExtensionPublisher
{
    private const int LinesOfAnError = 12;

    /// <param name="package">The id of the package.</param>
    /// <param name="version">Its version.</param>
    /// <param name="source">A further source of packages, or null.</param>
    /// <param name="folder">The folder, replaced when all is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ArgumentException">The package cannot be restored.</exception>
    /// <exception cref="InvalidOperationException">There is no .NET SDK.</exception>
    public static void Publish(string package, string version, string? source, string folder, CancellationToken cancellationToken)
    {
        DirectoryInfo work = Directory.CreateTempSubdirectory("gmem-extension-");
        try
        {
            string project = Path.Combine(work.FullName, $"{ToolExtensions.Component}.csproj"), output = Path.Combine(work.FullName, "out");

            // A folder is meant from here, not from where the project is.
            string? absolute = source is not null && Directory.Exists(source) ? Path.GetFullPath(source) : source;
            File.WriteAllText(project, Project(package, version, absolute));
            Run(["publish", project, "-c", "Release", "--use-current-runtime", "--no-self-contained", "-o", output, "-v", "quiet"],
                package, cancellationToken);

            // Beside its place first: a full disk must not leave half of one, or none.
            string complete = $"{folder}.{Guid.NewGuid():N}";
            try
            {
                Copy(output, complete);
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }

                Directory.Move(complete, folder);
            }
            finally
            {
                if (Directory.Exists(complete))
                {
                    Directory.Delete(complete, recursive: true);
                }
            }
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static string Project(string package, string version, string? source) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
            <EnableDynamicLoading>true</EnableDynamicLoading>
            <RestoreAdditionalProjectSources>{SecurityElement.Escape(source ?? "")}</RestoreAdditionalProjectSources>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="{SecurityElement.Escape(package)}" Version="{SecurityElement.Escape(version)}" />
          </ItemGroup>
        </Project>
        """;

    private static void Run(string[] arguments, string package, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Start(start);
        using CancellationTokenRegistration kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellationToken.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
        {
            string[] lines = [.. (output + errors.GetAwaiter().GetResult()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Trim()).Where(l => l.Contains("error", StringComparison.OrdinalIgnoreCase)).Distinct().Take(LinesOfAnError)];
            throw new ArgumentException($"The package '{package}' cannot be installed. {string.Join(" ", lines)}");
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException("Installing an extension needs the .NET SDK: there is no 'dotnet' to be run.", e);
        }
    }

    /// <summary>The temporary folder may be on another disk, so that moving would fail.</summary>
    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

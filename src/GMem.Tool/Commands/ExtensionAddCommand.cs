using System.Reflection;
using GMem.Tool.ExtensionPackages;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem extension add</c>.</summary>
internal sealed class ExtensionAddCommand : ToolCommand
{
    private readonly Argument<string> _package = new("package") { Description = "The id of the package, for instance GMem.ResNet18." };
    private readonly Option<string?> _version = new("--package-version")
    {
        HelpName = "version",
        Description = "Its version; without it, that of this tool."
    };

    private readonly Option<string?> _source = new("--source")
    {
        HelpName = "url or folder",
        Description = "A further source of packages beside those of NuGet's configuration."
    };

    public ExtensionAddCommand(ToolConsole console)
        : base("add", "Installs a package for the tool, such as GMem.ResNet18, under ~/.gmem/extensions. Needs the .NET SDK.", console,
            ["gmem extension add GMem.ResNet18"], canDryRun: false)
    {
        Arguments.Add(_package);
        Options.Add(_version);
        Options.Add(_source);
    }

    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string package = parsed.GetRequiredValue(_package);
        if (package.Length == 0 || package.AsSpan().ContainsAny(Path.GetInvalidFileNameChars()) || package.StartsWith('.'))
        {
            throw new ArgumentException($"'{package}' is no id of a package.");
        }

        string version = parsed.GetValue(_version) ?? OwnVersion(), folder = Path.Combine(ToolExtensions.DefaultFolder, package);
        ToolConsole.Note($"Restoring {package} {version} with the .NET SDK.");
        ExtensionPublisher.Publish(package, version, parsed.GetValue(_source), folder, cancellationToken);
        return new ToolResult(new { Package = package, Version = version, Folder = folder }, $"Installed {package} {version} in {folder}");
    }

    private static string OwnVersion() => typeof(ExtensionAddCommand).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}

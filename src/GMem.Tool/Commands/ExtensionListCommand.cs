using GMem.Tool.ExtensionPackages;
using GMem.Tool.Output;

namespace GMem.Tool.Commands;

/// <summary><c>gmem extension list</c>.</summary>
internal sealed class ExtensionListCommand(ToolConsole console) : ToolCommand(
    "list", "Shows the folders of the extensions that the tool finds.", console, ["gmem extension list"], canDryRun: false)
{
    protected override ToolResult Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] folders = [.. ToolExtensions.Folders()];
        return new ToolResult(
            new { Folders = folders }, folders.Length == 0 ? "No extensions are installed." : string.Join(Environment.NewLine, folders));
    }
}

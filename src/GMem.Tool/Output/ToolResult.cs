namespace GMem.Tool.Output;

/// <summary>What a command has to say.</summary>
/// <param name="Value">For <c>--json</c>.</param>
/// <param name="Text">For a person.</param>
/// <param name="Code">What the process returns.</param>
internal sealed record ToolResult(object Value, string Text, ExitCode Code = ExitCode.Success)
{
    /// <summary>The same said twice: the value as JSON, and as lines of name and value.</summary>
    public static ToolResult Of(object value) => new(value, JsonText.Lines(value));
}

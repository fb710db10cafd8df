using System.Text;
using Spectre.Console;

namespace GMem.Tool.Output;

/// <summary>The process's terminal, which may be closed while a bar is drawn on it.</summary>
internal sealed class TerminalOutput(TextWriter writer) : IAnsiConsoleOutput
{
    public TextWriter Writer { get; } = new ForgivingWriter(writer);

    public bool IsTerminal => true;

    public int Width => AnsiConsole.Profile.Width;

    public int Height => AnsiConsole.Profile.Height;

    public void SetEncoding(Encoding encoding)
    {
    }
}

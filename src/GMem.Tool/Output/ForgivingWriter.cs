using System.Text;

namespace GMem.Tool.Output;

/// <summary>
/// Writes what may be lost, such as progress: a terminal that was closed or a log on a full disk does not end a run. What it could not
/// write is dropped.
/// </summary>
internal sealed class ForgivingWriter(TextWriter inner) : TextWriter(CultureInfo.InvariantCulture)
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            // There is nowhere left to say so.
        }
    }
}

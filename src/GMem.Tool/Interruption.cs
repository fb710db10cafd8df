using System.Runtime.InteropServices;

namespace GMem.Tool;

/// <summary>
/// Ctrl-C, a request to end and the loss of the terminal as a token: what runs stops at its next step and keeps what it has. A second
/// Ctrl-C ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interruption() =>
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(
            signal => PosixSignalRegistration.Create(signal, Cancel))];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }

        _source.Dispose();
    }

    private void Cancel(PosixSignalContext context)
    {
        // The signals of one end come together: a terminal that is closed hangs up and may interrupt too. Only a person ends it at once.
        context.Cancel = !_source.IsCancellationRequested || context.Signal is PosixSignal.SIGHUP or PosixSignal.SIGTERM;
        _source.Cancel();
    }
}

using System.Runtime.InteropServices;

namespace GMem.Tool;

/// <summary>
/// Ctrl-C, a request to end and the loss of the terminal as a token: what runs stops at its next step and keeps what it has. A second
/// Ctrl-C ends the process at once. SIGUSR1 is a request that mpirun hands on to all processes and does not follow by a SIGKILL.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interruption()
    {
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
        _signals = [.. signals.Concat(UserSignal()).Select(signal => PosixSignalRegistration.Create(signal, Cancel))];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }

        _source.Dispose();
    }

    /// <summary>SIGUSR1 has another number on every system.</summary>
    private static PosixSignal[] UserSignal() =>
        OperatingSystem.IsLinux() ? [(PosixSignal)10] : OperatingSystem.IsMacOS() ? [(PosixSignal)30] : [];

    private void Cancel(PosixSignalContext context)
    {
        // The signals of one end come together: a terminal that is closed hangs up and may interrupt too. Only a person ends it at once.
        context.Cancel = !_source.IsCancellationRequested || context.Signal is not (PosixSignal.SIGINT or PosixSignal.SIGQUIT);
        _source.Cancel();
    }
}

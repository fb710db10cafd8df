using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace GMem.Distributed;

/// <summary>The end of this process and of all that it works with, whatever state they are in.</summary>
internal static class ProcessEnd
{
    /// <summary>How long MPI may take to end all of them; where a link is down it may take for ever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="message">For standard error; empty says nothing.</param>
    /// <param name="exitCode">What the process returns.</param>
    /// <param name="mpi">Ends the others; null for a process by itself.</param>
    [DoesNotReturn]
    public static void All(string message, int exitCode, MpiLibrary? mpi)
    {
        if (message.Length > 0)
        {
            // No console: a library may not use it, and here it must not be waited for either.
            using Stream error = new FileStream(new SafeFileHandle(2, ownsHandle: false), FileAccess.Write, 0);
            error.Write(Encoding.UTF8.GetBytes($"error: {message}{Environment.NewLine}"));
        }

        if (mpi is not null)
        {
            Thread ending = new(() => mpi.Abort(exitCode)) { IsBackground = true };
            ending.Start();
            _ = ending.Join(Patience);
        }

        // Not Environment.Exit, which waits for handlers that may wait for other ranks.
        Leave(exitCode);
        Environment.FailFast(message);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void Leave(int code);
}

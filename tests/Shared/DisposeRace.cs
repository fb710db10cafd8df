using TorchSharp;

namespace GMem.Tests.Shared;

/// <summary>Runs an operation on several threads while another one disposes of what it works on.</summary>
internal static class DisposeRace
{
    /// <summary>Operations of a thread that may begin after the disposal: where threads keep a shared part in use, none throws.</summary>
    private const int Late = 3;

    /// <summary>
    /// In every round the operation either gives what it gives alone or throws <see cref="ObjectDisposedException"/>, and it throws
    /// that once all threads have ended. Memory that is freed too early ends the process.
    /// </summary>
    /// <param name="create">Makes the object of a round.</param>
    /// <param name="operation">What the threads do; equal results are equal texts.</param>
    /// <param name="rounds">How many objects.</param>
    /// <param name="threads">How many threads run the operation; 1 for an object that allows only one.</param>
    public static void Run<T>(Func<T> create, Func<T, string> operation, int rounds = 12, int threads = 3)
        where T : IDisposable
    {
        string expected;
        TimeSpan length;
        using (T alone = create())
        {
            _ = operation(alone);
            long start = TimeProvider.System.GetTimestamp();
            expected = operation(alone);
            length = TimeProvider.System.GetElapsedTime(start);
        }

        for (int round = 0; round < rounds; round++)
        {
            Round(create(), operation, expected, length * (0.25 * (round % 8)), threads);
        }
    }

    private static void Round<T>(T subject, Func<T, string> operation, string expected, TimeSpan delay, int count)
        where T : IDisposable
    {
        using Barrier start = new(count + 1);
        List<Exception> faults = [];
        int disposed = 0, operatorThreads = torch.get_num_threads();
        Thread[] threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(() =>
        {
            // A new thread takes over whatever number a test beside this one set last, and bits depend on it.
            torch.set_num_threads(operatorThreads);
            start.SignalAndWait();
            try
            {
                for (int late = 0; late < Late; late += Volatile.Read(ref disposed))
                {
                    Assert.Equal(expected, operation(subject));
                }
            }
            catch (ObjectDisposedException)
            {
            }
            catch (Exception e)
            {
                lock (faults)
                {
                    faults.Add(e);
                }
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        start.SignalAndWait();
        SpinWait.SpinUntil(() => false, delay);
        subject.Dispose();
        Volatile.Write(ref disposed, 1);
        Array.ForEach(threads, t => t.Join());
        Assert.Empty(faults);
        Assert.ThrowsAny<ObjectDisposedException>(() => operation(subject));
    }
}

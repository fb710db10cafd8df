using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace MemoryBankBenchmark;

/// <summary>Times an operation and watches the process's memory beside it, every few milliseconds and at the end.</summary>
internal static class Meter
{
    public static Measured Once(Action action)
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        (long resident, long own) = Memory();
        (long peakResident, long peakOwn) = (resident, own);
        void Look()
        {
            (long nowResident, long nowOwn) = Memory();
            peakResident = Math.Max(peakResident, nowResident);
            peakOwn = Math.Max(peakOwn, nowOwn);
        }

        using CancellationTokenSource done = new();
        Thread watch = new(() =>
        {
            while (!done.Token.WaitHandle.WaitOne(5))
            {
                Look();
            }
        });
        watch.Start();
        long start = Stopwatch.GetTimestamp();
        action();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        done.Cancel();
        watch.Join();
        Look();
        return new Measured(seconds, peakResident - resident, peakOwn - own);
    }

    /// <summary>The median time of several runs after one that warms pages and code.</summary>
    public static Measured Median(int runs, Action action)
    {
        action();
        List<Measured> all = [.. Enumerable.Range(0, runs).Select(_ => Once(action)).OrderBy(m => m.Seconds)];
        return all[runs / 2];
    }

    /// <summary>Resident memory, and that without mapped files; Linux tells them apart, elsewhere both are the working set.</summary>
    private static (long Resident, long Own) Memory()
    {
        if (!File.Exists("/proc/self/status"))
        {
            using Process process = Process.GetCurrentProcess();
            return (process.WorkingSet64, process.WorkingSet64);
        }

        string[] lines = File.ReadAllLines("/proc/self/status");
        return (Kilobytes(lines, "VmRSS:"), Kilobytes(lines, "RssAnon:"));
    }

    private static long Kilobytes(string[] lines, string key)
    {
        string line = lines.First(l => l.StartsWith(key, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace GMem.Tests.Shared;

/// <summary>
/// Damages files in ways that damage happens and in ways that an attacker chooses, and asserts that whoever reads them says so. Every case
/// follows from a seed and its number: a failure names both.
/// </summary>
/// <remarks>
/// By default all targets together take half a minute. Longer, from another seed, by number of cases instead of time, or one case again:
/// <c>GMEM_FUZZ_SECONDS=3600 GMEM_FUZZ_SEED=7</c>, <c>GMEM_FUZZ_CASES=12000</c>, <c>GMEM_FUZZ_CASE=4711</c>.
/// </remarks>
public sealed class Mutator
{
    /// <summary>The time for all targets together; each takes its share of it.</summary>
    private const double UsualSeconds = 30;

    private const long MostGrowth = 500L << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private static readonly long[] Interesting =
    [
        0, 1, -1, 2, 7, 8, 9, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue,
        1L << 32, 1L << 40, 1L << 62, long.MaxValue, long.MinValue,
    ];

    private readonly string _target;
    private readonly double _share;
    private readonly IReadOnlyList<byte[]> _good;

    /// <param name="target">What is damaged; part of the seed.</param>
    /// <param name="share">Its share of the time of all targets, above 0 and at most 1.</param>
    /// <param name="good">Files to start from.</param>
    public Mutator(string target, double share, params IReadOnlyList<byte[]> good) => (_target, _share, _good) = (target, share, good);

    /// <summary>Runs cases until the time is over.</summary>
    /// <param name="read">Reads a damaged file; may throw.</param>
    /// <param name="isDocumented">Whether an exception is one that the reader may throw.</param>
    /// <param name="structured">Makes another file of a good one in a way of the format's own; null for none.</param>
    public void Run(Action<byte[]> read, Func<Exception, bool> isDocumented, Func<Random, byte[], byte[]>? structured = null)
    {
        long seed = Setting("GMEM_FUZZ_SEED") ?? 1;
        long? most = Setting("GMEM_FUZZ_CASES"), only = Setting("GMEM_FUZZ_CASE");
        double seconds = (Setting("GMEM_FUZZ_SECONDS") ?? UsualSeconds) * _share;
        _good.ToList().ForEach(read);
        long before = Resident(), peak = before;
        Stopwatch clock = Stopwatch.StartNew();
        long number = only ?? 0, refused = 0;
        for (; most is long count ? number < count : clock.Elapsed.TotalSeconds < seconds; number++)
        {
            byte[] bytes = Make(seed, number, structured);
            refused += Try(bytes, read, isDocumented, $"GMEM_FUZZ_SEED={seed} GMEM_FUZZ_CASE={number}") ? 1 : 0;
            if (number % 64 == 0)
            {
                peak = Math.Max(peak, Resident());
            }

            if (only is not null)
            {
                break;
            }
        }

        TestContext.Current.SendDiagnosticMessage(
            $"{_target}: {number} damaged files, {refused} refused; resident memory grew by at most {(peak - before) >> 20} MB.");
        Assert.True(peak - before < MostGrowth, $"{_target}: resident memory grew by {(peak - before) >> 20} MB.");
    }

    private byte[] Make(long seed, long number, Func<Random, byte[], byte[]>? structured)
    {
        Random random = new(HashCode(seed, number, _target));
        byte[] bytes = _good[random.Next(_good.Count)];
        if (structured is not null && random.Next(3) > 0)
        {
            bytes = structured(random, bytes);
            if (random.Next(4) > 0)
            {
                return bytes;
            }
        }

        for (int edits = random.Next(1, 5); edits > 0; edits--)
        {
            bytes = Damaged(random, bytes);
        }

        return bytes;
    }

    /// <summary>One damage to bytes of any format.</summary>
    public static byte[] Damaged(Random random, byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        // Headers are at the beginning and directories at the end: both get more of the damage than their length says.
        int at = random.Next(4) switch
        {
            0 => (int)(Math.Pow(random.NextDouble(), 4) * bytes.Length),
            1 => bytes.Length - 1 - (int)(Math.Pow(random.NextDouble(), 4) * bytes.Length),
            _ => random.Next(bytes.Length),
        };
        int length = Math.Min(bytes.Length - at, 1 + (int)(Math.Pow(random.NextDouble(), 3) * 4096));
        byte[] changed = [.. bytes];
        switch (random.Next(9))
        {
            case 0:
                changed[at] ^= (byte)(1 << random.Next(8));
                return changed;
            case 1:
                changed[at] = (byte)random.Next(256);
                return changed;
            case 2:
                byte[] number = new byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, Interesting[random.Next(Interesting.Length)]);
                number.AsSpan(0, Math.Min(1 << random.Next(4), bytes.Length - at)).CopyTo(changed.AsSpan(at));
                return changed;
            case 3:
                random.NextBytes(changed.AsSpan(at, length));
                return changed;
            case 4:
                changed.AsSpan(at, length).Clear();
                return changed;
            case 5:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 6:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 7:
                return bytes[..at];
            default:
                return WithAnotherNumber(random, bytes);
        }
    }

    /// <summary>Text with one of its numbers replaced, as in JSON.</summary>
    public static byte[] WithAnotherNumber(Random random, byte[] bytes)
    {
        int start = random.Next(bytes.Length);
        int digit = bytes.AsSpan(start).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (digit < 0)
        {
            return bytes[..start];
        }

        int from = start + digit, to = from;
        while (to < bytes.Length && char.IsAsciiDigit((char)bytes[to]))
        {
            to++;
        }

        string other = random.Next(8) switch
        {
            0 => "1e400",
            1 => "\"x\"",
            2 => "null",
            3 => "99999999999999999999999",
            _ => Interesting[random.Next(Interesting.Length)].ToString(CultureInfo.InvariantCulture),
        };
        return [.. bytes[..from], .. Encoding.ASCII.GetBytes(other), .. bytes[to..]];
    }

    private bool Try(byte[] bytes, Action<byte[]> read, Func<Exception, bool> isDocumented, string name)
    {
        Stopwatch clock = Stopwatch.StartNew();

        // Nothing else could end a case that never does.
        using Timer watch = new(
            _ => Environment.FailFast($"{_target}: {name} hangs; {Keep(bytes)}"), null, 10 * Longest, Timeout.InfiniteTimeSpan);
        try
        {
            read(bytes);
            return false;
        }
        catch (Exception e) when (isDocumented(e))
        {
            return true;
        }
        catch (Exception e)
        {
            Assert.Fail(
                $"{_target}: {name} gave {e.GetType().Name}, which is not documented or does not name the file; {Keep(bytes)}\n{e}");
            return true;
        }
        finally
        {
            Assert.True(clock.Elapsed < Longest, $"{_target}: {name} took {clock.Elapsed}; {Keep(bytes)}");
        }
    }

    private static string Keep(byte[] bytes)
    {
        string path = Path.Combine(Path.GetTempPath(), $"gmem-fuzz-{Guid.NewGuid():N}.bin");
        File.WriteAllBytes(path, bytes);
        return $"kept as '{path}'";
    }

    private static long Resident()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static long? Setting(string name) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : null;

    /// <summary>The same in every process, which <see cref="System.HashCode"/> is not.</summary>
    private static int HashCode(long seed, long number, string target)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes($"{seed}/{number}/{target}"))
        {
            hash = (hash ^ b) * 1099511628211;
        }

        return (int)(hash ^ (hash >> 32));
    }
}

using System.Diagnostics;
using System.Text;
using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>The program GMem.RankProcess, started by <c>mpirun</c> as several ranks.</summary>
internal sealed class RankRun : IDisposable
{
    /// <summary>Far more than any run here takes, on a busy machine too.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>How long processes may take to go once the launcher has.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly string _tag = $"tag={Guid.NewGuid():N}";
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly StringBuilder _errors = new();

    private RankRun(RankLaunch launch, IEnumerable<string> arguments)
    {
        RequireLauncher();
        string[] command =
        [
            .. launch.Before, "mpirun", "-np", $"{launch.Ranks}", "--bind-to", "none", .. launch.Options, "-x", "TERM=dumb",
            .. launch.Environment.Keys.Append("OMP_NUM_THREADS").SelectMany(name => new[] { "-x", name }),
            DotnetProgram.Host, "exec", Path.Combine(AppContext.BaseDirectory, "GMem.RankProcess.dll"), .. arguments, _tag,
        ];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // One thread: the bits of sums depend on how many an operator has, and two cores have more than enough to do.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        foreach ((string name, string value) in launch.Environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data, line => _lines.Add(line));
        _process.ErrorDataReceived += (_, e) => Keep(e.Data, line => _errors.AppendLine(line));
        _ = _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static RankRun Start(RankLaunch launch, params IEnumerable<string> arguments) => new(launch, arguments);

    /// <summary>Starts ranks and waits for their end.</summary>
    public static RankResult Of(int ranks, params IEnumerable<string> arguments) => Of(new RankLaunch(ranks), arguments);

    public static RankResult Of(RankLaunch launch, params IEnumerable<string> arguments)
    {
        using RankRun run = Start(launch, arguments);
        return run.End(Limit);
    }

    /// <summary>Process number of the launcher.</summary>
    public int Launcher => _process.Id;

    /// <summary>Process number of a rank.</summary>
    public int ProcessOf(int rank) =>
        Processes().First(id => Read(id, "environ").Contains($"\0OMPI_COMM_WORLD_RANK={rank}\0", StringComparison.Ordinal));

    /// <summary>Waits for a line that begins so.</summary>
    public void WaitFor(string line)
    {
        Wait(Limit, () => _process.HasExited || HasLine(line));
        Assert.True(HasLine(line), $"No line begins with '{line}'.\n{Said()}");
    }

    /// <summary>Waits for the end of all ranks, and requires that nothing is left of them.</summary>
    /// <param name="limit">How long it may take; then everything is killed, and the test fails.</param>
    public RankResult End(TimeSpan limit)
    {
        bool hasEnded = Wait(limit, () => _process.HasExited);
        bool isClean = Wait(hasEnded ? Grace : TimeSpan.Zero, () => Processes().Length == 0);
        string left = string.Join('\n', Processes().Select(id => $"{id}: {Read(id, "cmdline").Replace('\0', ' ')}"));
        Dispose();
        Assert.True(hasEnded, $"The run has not ended after {limit.TotalSeconds} s.\n{Said()}");
        Assert.True(isClean, $"Still running: {left}\n{Said()}");
        _process.WaitForExit();
        lock (_gate)
        {
            return new RankResult(_process.ExitCode, [.. _lines], _errors.ToString());
        }
    }

    public static void Signal(int process, int signal) => Assert.Equal(0, Kill(process, signal));

    /// <summary>Kills what is left, found by its tag.</summary>
    public void Dispose()
    {
        foreach (int id in Processes())
        {
            _ = Kill(id, 9);
        }
    }

    /// <summary>Skips the test where there is no launcher; in continuous integration it fails.</summary>
    public static void RequireLauncher() => RequireTool("mpirun", "install Open MPI: apt-get install openmpi-bin");

    /// <summary>Skips the test where a program is missing; in continuous integration it fails.</summary>
    public static void RequireTool(string name, string advice)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        bool isThere = folders.Any(folder => File.Exists(Path.Combine(folder, name)));
        string reason = $"there is no {name} ({advice})";
        Assert.False(!isThere && Environment.GetEnvironmentVariable("CI") is { Length: > 0 }, reason);
        Assert.SkipUnless(isThere, reason);
    }

    private static bool Wait(TimeSpan limit, Func<bool> isDone)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!isDone())
        {
            if (watch.Elapsed > limit)
            {
                return false;
            }

            Thread.Sleep(20);
        }

        return true;
    }

    private bool HasLine(string line)
    {
        lock (_gate)
        {
            return _lines.Any(l => l.StartsWith(line, StringComparison.Ordinal));
        }
    }

    private string Said()
    {
        lock (_gate)
        {
            return $"{string.Join('\n', _lines.TakeLast(20))}\n{_errors}";
        }
    }

    private void Keep(string? line, Action<string> add)
    {
        if (line is not null)
        {
            lock (_gate)
            {
                add(line.TrimEnd('\r'));
            }
        }
    }

    /// <summary>Launcher and ranks; whatever has the tag among its arguments.</summary>
    private int[] Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), out int id) ? id : 0)
            .Where(id => id > 0 && Read(id, "cmdline").Contains(_tag, StringComparison.Ordinal))];

    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return "";
        }
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}

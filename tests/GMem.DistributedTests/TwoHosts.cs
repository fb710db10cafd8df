using System.Diagnostics;
using System.Globalization;
using GMem.Tests.Shared;

namespace GMem.DistributedTests;

/// <summary>
/// Two hosts on one machine: network namespaces with a cable between them. The launcher's remote shell is a script that enters the other.
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _first;
    private readonly string _second;

    /// <summary>Skips the test where the system forbids namespaces.</summary>
    public TwoHosts()
    {
        RankRun.RequireLauncher();
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "network namespaces need root");
        Assert.SkipUnless(Tool("ip", "-V") == 0 && Tool("unshare", "--uts", "true") == 0, "there is no ip, or no new namespace is allowed");
        string name = $"gmem{Environment.ProcessId}";
        (_first, _second) = ($"{name}a", $"{name}b");
        bool isMade = Tool("ip", "netns", "add", _first) == 0 && Tool("ip", "netns", "add", _second) == 0
            && Tool("ip", "link", "add", "cable", "netns", _first, "type", "veth", "peer", "name", "cable", "netns", _second) == 0;
        if (!isMade)
        {
            Dispose();
            Assert.Skip("this system allows no network namespaces");
        }

        foreach ((string host, int number) in new[] { (_first, 1), (_second, 2) })
        {
            Require("ip", "-n", host, "addr", "add", $"10.77.0.{number}/24", "dev", "cable");
            Require("ip", "-n", host, "link", "set", "lo", "up");
            Require("ip", "-n", host, "link", "set", "cable", "up");
        }

        string shell = _folder.File("shell");
        File.WriteAllText(
            shell, "#!/bin/bash\nhost=$1; shift\nexec ip netns exec \"$host\" unshare --uts bash -c \"hostname $host; $*\"\n");
        Require("chmod", "+x", shell);

        // The launcher's processes notice a link that is down by keepalives alone, and by default after eight minutes.
        Launch = new RankLaunch(2)
        {
            Before = ["ip", "netns", "exec", _first, "unshare", "--uts", "bash", "-c", $"hostname {_first}; exec \"$@\"", "bash"],
            Options =
            [
                "--host", $"{_first}:1,{_second}:1", "--mca", "plm_rsh_agent", shell, "--mca", "btl", "tcp,self",
                "--mca", "oob_tcp_keepalive_time", "2", "--mca", "oob_tcp_keepalive_intvl", "1", "--mca", "oob_tcp_keepalive_probes", "3",
            ],
        };
    }

    /// <summary>One rank on each host.</summary>
    public RankLaunch Launch { get; }

    /// <summary>Bytes that the first host has sent, and the second.</summary>
    public (long First, long Second) Sent => (SentBy(_first), SentBy(_second));

    /// <summary>Takes the cable away.</summary>
    public void Cut() => Require("ip", "-n", _first, "link", "set", "cable", "down");

    /// <summary>Processes on both hosts.</summary>
    public string[] Processes() => [.. Read("ip", "netns", "pids", _first).Concat(Read("ip", "netns", "pids", _second))];

    public void Dispose()
    {
        foreach (string host in new[] { _first, _second })
        {
            foreach (string id in Read("ip", "netns", "pids", host))
            {
                _ = Tool("kill", "-9", id);
            }

            _ = Tool("ip", "netns", "del", host);
        }

        _folder.Dispose();
    }

    private static long SentBy(string host) => long.Parse(
        Read("ip", "netns", "exec", host, "cat", "/sys/class/net/cable/statistics/tx_bytes").Single(), CultureInfo.InvariantCulture);

    private static void Require(params string[] command) => Assert.Equal(0, Tool(command));

    private static int Tool(params string[] command) => Run(command, out _);

    private static string[] Read(params string[] command)
    {
        _ = Run(command, out string output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static int Run(string[] command, out string output)
    {
        output = "";
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            _ = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return 127;
        }
    }
}

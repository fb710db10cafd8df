using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json.Nodes;
using GMem.Images;
using GMem.Tests.Shared;

namespace GMem.Tool.Tests;

/// <summary><c>gmem</c> as several processes that <c>mpirun</c> starts: what one process makes, to the byte.</summary>
public sealed class RankTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Commands_OnTwoRanks_GiveWhatOneProcessGives()
    {
        string photos = _folder.File("photos");
        WritePictures(photos, 140);
        foreach (int ranks in new[] { 1, 2 })
        {
            string model = _folder.File($"model-{ranks}.zip"), made = _folder.File($"made-{ranks}");
            _ = await RunWell(
                ranks, "train", photos, "--output", model, "--image-size", "8", "--patch-size", "2", "--hidden-size", "96", "--depth", "1",
                "--heads", "2", "--steps", "3", "--batch-size", "8", "--seed", "3", "--shards", "2", "--flip");
            _ = await RunWell(ranks, "generate", model, "--count", "7", "--batch-size", "2", "--output", made);
        }

        Assert.Equal(Entries(_folder.File("model-1.zip")), Entries(_folder.File("model-2.zip")));
        string[] files = Directory.GetFiles(_folder.File("made-1"));
        Assert.Equal(7, files.Length);
        Assert.All(files, file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_folder.File("made-2"), Path.GetFileName(file)))));
        Assert.Equal(await Distance(1, photos), await Distance(2, photos), 1e-9);
    }

    [Fact]
    public async Task Commands_ThatFailOnAllRanks_SayItOnce()
    {
        (int code, string said) = await Run(2, ["generate", _folder.File("not-there.zip")]);
        Assert.Equal(1, code);
        Assert.Single(said.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
    }

    /// <summary>Pictures that differ, and one file that is none.</summary>
    private static void WritePictures(string folder, int count)
    {
        _ = Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 8 * 8 * 3).Select(p => (byte)((p * (i + 1)) + (i * 31)))];
            PngWriter.Write(Path.Combine(folder, $"{i:D3}.png"), new RgbImage(8, 8, pixels));
        }

        File.WriteAllText(Path.Combine(folder, "005.png"), "no picture");
    }

    private async Task<double> Distance(int ranks, string photos)
    {
        string output = await RunWell(
            ranks, "evaluate", _folder.File("model-1.zip"), "--real", photos, "--count", "9", "--json", "--quiet");

        // The pseudo-terminal that mpirun gives a rank begins with a control sequence.
        string json = output[output.IndexOf('{', StringComparison.Ordinal)..(output.LastIndexOf('}') + 1)];
        return JsonNode.Parse(json)!["frechetDistance"]!.GetValue<double>();
    }

    private static string[] Entries(string zip)
    {
        using ZipArchive archive = ZipFile.OpenRead(zip);
        return [.. archive.Entries.Select(e => $"{e.FullName} {e.Length} {e.Crc32}")];
    }

    private static async Task<string> RunWell(int ranks, params string[] arguments)
    {
        (int code, string said) = await Run(ranks, arguments);
        Assert.True(code == 0, said);
        return said;
    }

    private static async Task<(int Code, string Said)> Run(int ranks, string[] arguments)
    {
        string[] folders = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator);
        string? launcher = folders.Select(p => Path.Combine(p, "mpirun")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(
            launcher is null && Environment.GetEnvironmentVariable("CI") is null, "There is no mpirun (apt-get install openmpi-bin).");
        string[] program = [DotnetProgram.Host, "exec", Path.Combine(AppContext.BaseDirectory, "GMem.Tool.dll"), .. arguments];
        string[] launch = ["-q", "-np", $"{ranks}", "--oversubscribe", "--bind-to", "none", "-x", "TERM=dumb", "-x", "OMP_NUM_THREADS"];
        string[] command = ranks == 1 ? program : [launcher!, .. launch, .. program];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";

        // As many threads in all: the bits of the encoder's fit depend on them.
        start.Environment["OMP_NUM_THREADS"] = $"{2 / ranks}";
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Limit);
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(late.Token);
            string output = await process.StandardOutput.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}

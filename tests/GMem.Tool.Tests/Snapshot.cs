using System.Text.RegularExpressions;
using GMem.Tests.Shared;

namespace GMem.Tool.Tests;

/// <summary>
/// Text that a test pins, in <c>Snapshots/NAME.txt</c> beside the tests. With <c>GMEM_ACCEPT_SNAPSHOTS=1</c> the files are written instead
/// of compared, for a reviewer to read in the diff.
/// </summary>
internal static partial class Snapshot
{
    private static bool Accept => Environment.GetEnvironmentVariable("GMEM_ACCEPT_SNAPSHOTS") == "1";

    /// <param name="name">Name of the file.</param>
    /// <param name="actual">What came out.</param>
    /// <param name="replace">Parts that differ from run to run, and what stands for them.</param>
    public static void Match(string name, string actual, params (string From, string To)[] replace)
    {
        string text = actual.ReplaceLineEndings("\n");
        foreach ((string from, string to) in replace)
        {
            text = text.Replace(from, to);
        }

        text = TrailingBlanks().Replace(text, "").TrimEnd() + "\n";
        string path = Path.Combine(Folder(), name + ".txt");
        if (Accept)
        {
            File.WriteAllText(path, text);
            return;
        }

        Assert.True(File.Exists(path),
            $"There is no snapshot {name}. Run the tests once with GMEM_ACCEPT_SNAPSHOTS=1 and read what they wrote.");
        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), text);
    }

    /// <summary>The names of all snapshots, so that a test can tell when one is used by nothing.</summary>
    public static IEnumerable<string> Names() =>
        Directory.EnumerateFiles(Folder(), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!);

    private static string Folder() => Path.Combine(Repository.Root, "tests", "GMem.Tool.Tests", "Snapshots");

    [GeneratedRegex("[ \t]+$", RegexOptions.Multiline)]
    private static partial Regex TrailingBlanks();
}

using GMem.Images;

namespace GMem.Tool.Tests.Documentation;

/// <summary>
/// Every <c>gmem</c> line of every document is run, one after the other, in a folder that has what the documents speak of. Trainings and
/// searches are made small; nothing else is changed.
/// </summary>
public sealed class CommandLineTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    [Fact]
    public void Commands_OfAllDocuments_Run()
    {
        PrepareFolder();
        string before = Environment.CurrentDirectory;
        List<string> faults = [];
        try
        {
            Environment.CurrentDirectory = files.File("documents");
            foreach (string document in DocumentFile.All)
            {
                foreach (string line in DocumentFile.CommandLines(document, "gmem").Where(CanRun))
                {
                    string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    ToolRun run = ToolRun.Of(Small([.. words[1..].Select(w => w.Trim('\''))]));
                    if (run.Code != ExitCode.Success)
                    {
                        faults.Add($"{DocumentFile.Name(document)}: {line}: {run.Error}");
                    }
                }
            }
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }

        Assert.Empty(faults);
    }

    /// <summary>Weights that nobody has here.</summary>
    private static bool CanRun(string line) =>
        !line.Contains("--inception") && !line.StartsWith("gmem import", StringComparison.Ordinal) && !line.Contains("--encoder")
            && !line.Contains("test.npz");

    private static string[] Small(string[] arguments)
    {
        string[] small = arguments[0] switch
        {
            // What a run starts from decides its network.
            "train" when arguments.Contains("--from") => ["--batch-size", "8", "--steps", "6"],
            "train" => TinyFiles.Settings,
            "tune" => ["--samples", "16", "--rounds", "1"],
            _ => [],
        };
        HashSet<string> sizes = [.. small.Where(s => s.StartsWith("--", StringComparison.Ordinal))];
        List<string> kept = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            if (sizes.Contains(arguments[i]))
            {
                i++;
            }
            else
            {
                kept.Add(arguments[i]);
            }
        }

        return [.. kept, .. small];
    }

    private void PrepareFolder()
    {
        string[] pictures = [.. Directory.EnumerateFiles(files.Images, "*.png", SearchOption.AllDirectories).Order()];
        foreach (string folder in new[] { "photos/cat", "photos/dog", "test-photos" })
        {
            _ = Directory.CreateDirectory(files.File(Path.Combine("documents", folder)));
        }

        for (int i = 0; i < pictures.Length; i++)
        {
            RgbImage image = ImageReader.ReadFile(pictures[i]);
            PngWriter.Write(files.File($"documents/photos/{(i % 2 == 0 ? "cat" : "dog")}/{i}.png"), image);
            PngWriter.Write(files.File($"documents/test-photos/{i}.png"), image);
        }

        (string, string)[] labelled = [.. ImageCollection.Enumerate(files.File("documents/photos")).Select(f => (f.ImagePath, f.Label))];
        for (int shard = 0; shard < 4; shard++)
        {
            _ = SourceFiles.Tar(files.File($"documents/shard-00000{shard}.tar"), labelled.Where((_, i) => i % 4 == shard));
        }

        _ = Directory.CreateDirectory(files.File("documents/data"));
        _ = SourceFiles.Parquet(files.File("documents/data/train-00000-of-00001.parquet"), labelled);
        _ = SourceFiles.List(files.File("documents/labels.csv"), labelled);

        File.WriteAllLines(
            files.File("documents/values.csv"),
            labelled.Select((f, i) => $"{Path.GetRelativePath(files.File("documents"), f.Item1)},{i},0.{i}").Prepend("path,tilt,heat"));

        // The name decides nothing: what a file is, its content says.
        File.Copy(pictures[0], files.File("documents/photo.jpg"));
        File.Copy(files.Model, files.File("documents/model.zip"));
    }
}

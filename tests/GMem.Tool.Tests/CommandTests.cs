using System.Text.Json;
using System.Text.RegularExpressions;
using GMem.Images;

namespace GMem.Tool.Tests;

/// <summary>Every command does what it says, and its JSON keeps its form.</summary>
public sealed partial class CommandTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private (string, string)[] Paths => [(files.Path + "/", ""), (files.Path, ".")];

    [Fact]
    public void Train_InAPipe_PrintsPlainLinesAndTheResult()
    {
        Assert.DoesNotContain('\u001b', files.Training);
        Snapshot.Match("train", Numbers(files.Training), Paths);
    }

    [Fact]
    public void Train_DryRun_PrintsTheSettingsAndDoesNothing()
    {
        string output = files.File("never.zip");
        string[] arguments = ["train", files.Images, "--output", output, "--steps", "7", "--dry-run"];
        ToolRun run = ToolRun.Of(arguments);
        Snapshot.Match("train-dry-run", Measured(run.Output), Paths);
        Snapshot.Match("train-dry-run-told", Measured(run.Error), Paths);
        Snapshot.Match("train-dry-run-json", Measured(ToolRun.Done([.. arguments, "--json"])), Paths);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void Train_Json_PrintsOneDocumentAndProgressElsewhere()
    {
        ToolRun run = ToolRun.Of(["train", files.Images, "--output", files.File("json.zip"), "--json", .. TinyFiles.Settings]);
        Snapshot.Match("train-json", Numbers(run.Output), Paths);
        Assert.Contains("step 6/6", run.Error);
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(run.Output).RootElement.ValueKind);
    }

    [Fact]
    public void Train_SameSeedTwice_WritesTheSameModel()
    {
        string again = files.File("again.zip");
        _ = ToolRun.Done(["train", files.Images, "--output", again, .. TinyFiles.Settings]);
        _ = ToolRun.Done("generate", files.Model, "--count", "2", "--output", files.File("first"));
        _ = ToolRun.Done("generate", again, "--count", "2", "--output", files.File("second"));
        Assert.Equal(File.ReadAllBytes(files.File("first/1.png")), File.ReadAllBytes(files.File("second/1.png")));
    }

    [Fact]
    public void Info_OfAModel_IsAsPinned()
    {
        Snapshot.Match("info", ToolRun.Done("info", files.Model), Paths);
        Snapshot.Match("info-json", ToolRun.Done("info", files.Model, "--json"), Paths);
    }

    [Fact]
    public void Generate_IntoAFolder_WritesOneFileASeed()
    {
        string folder = files.File("samples");
        string json = ToolRun.Done("generate", files.Model, "--count", "3", "--seed", "5", "--output", folder, "--json");
        Snapshot.Match("generate-json", json, Paths);
        Assert.Equal(["5.png", "6.png", "7.png"], Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).Order());
        Assert.Equal(8, ImageReader.ReadFile(Path.Combine(folder, "5.png")).Width);
    }

    [Fact]
    public void Generate_IntoAFile_WritesAGridOfWhatWasAskedFor()
    {
        string grid = files.File("grid.png");
        string image = Directory.EnumerateFiles(files.Images, "*.png", SearchOption.AllDirectories).First();
        Snapshot.Match(
            "generate", ToolRun.Done("generate", files.Model, "--count", "4", "--label", "odd", "--output", grid, "--sampling-steps", "2",
                "--solver", "euler"), Paths);
        Assert.Equal((4 * (64 + 2)) + 2, ImageReader.ReadFile(grid).Width);
        _ = ToolRun.Done("generate", files.Model, "--count", "1", "--image", image, "--output", grid);
        _ = ToolRun.Done(
            "generate", files.Model, "--count", "1", "--memory", "3", "--sampler", "sde", "--guidance", "1.5", "--output", grid);
    }

    [Fact]
    public void Generate_DryRun_ShowsTheModelsSamplingWithWhatWasGiven() =>
        Snapshot.Match(
            "generate-dry-run", ToolRun.Done("generate", files.Model, "--guidance", "2.5", "--sampling-steps", "9", "--dry-run"), Paths);

    [Fact]
    public void Evaluate_AModelAndAFolder_PrintsTheFigures()
    {
        string text = ToolRun.Done(
            "evaluate", files.Model, "--real", files.Images, "--training", files.Images, "--count", "24", "--sampling-steps", "2");
        Assert.Contains("Frechet distance", text);
        Assert.Contains("Copies", text);
        string json = ToolRun.Done("evaluate", files.Images, "--real", files.Images, "--json");
        Snapshot.Match("evaluate-json", Numbers(json), Paths);
        Assert.InRange(JsonDocument.Parse(json).RootElement.GetProperty("frechetDistance").GetDouble(), -1e-3, 1e-3);
    }

    [Fact]
    public void Memory_ListAndNearest_AreAsPinned()
    {
        string image = Path.Combine(files.Images, "odd", "05.png");
        Snapshot.Match("memory-list", ToolRun.Done("memory", "list", files.Model, "--label", "odd", "--skip", "2", "--count", "3"), Paths);
        Snapshot.Match("memory-list-json", ToolRun.Done("memory", "list", files.Model, "--count", "2", "--json"), Paths);
        string nearest = ToolRun.Done("memory", "nearest", files.Model, image, "--count", "1");
        Snapshot.Match("memory-nearest", nearest, Paths);
    }

    [Fact]
    public void Memory_Edits_WriteModelsWithTheEditedBank()
    {
        string Edited(string name) => files.File(name + ".zip");
        string image = Path.Combine(files.Images, "odd", "05.png");
        Snapshot.Match(
            "memory-remove", ToolRun.Done("memory", "remove", files.Model, "--label", "even", "--id", "13", "-o", Edited("removed")),
            Paths);
        Snapshot.Match(
            "memory-remove-dry-run", ToolRun
                .Done("memory", "remove", files.Model, "--label", "even", "-o", Edited("never"), "--dry-run"), Paths);
        Assert.Equal(11, Count(Edited("removed")));
        _ = ToolRun.Done("memory", "add", Edited("removed"), image, "--label", "new", "-o", Edited("added"));
        Assert.Equal(12, Count(Edited("added")));
        _ = ToolRun.Done("memory", "export", Edited("removed"), "-o", files.File("bank.safetensors"));
        _ = ToolRun.Done("memory", "merge", Edited("added"), files.File("bank.safetensors"), "-o", Edited("merged"));
        Assert.Equal(23, Count(Edited("merged")));
        _ = ToolRun.Done("memory", "import", files.Model, Edited("added"), "-o", Edited("imported"));
        Assert.Equal(12, Count(Edited("imported")));
        _ = ToolRun.Done("generate", Edited("imported"), "--label", "new", "--count", "1", "-o", files.File("new.png"));
        Assert.False(File.Exists(Edited("never")));
    }

    [Fact]
    public void Memory_Interpolate_WritesARow()
    {
        string row = files.File("row.png");
        Snapshot.Match(
            "memory-interpolate", ToolRun.Done("memory", "interpolate", files.Model, "0", "5", "--count", "3", "--method", "spherical",
                "-o", row), Paths);
        Assert.Equal((3 * (64 + 2)) + 2, ImageReader.ReadFile(row).Width);
    }

    [Fact]
    public void Import_OfExportedWeights_GivesAModelThatGenerates()
    {
        string bank = files.File("import-bank.safetensors"), weights = files.File("weights.safetensors"), model = files
            .File("official.zip");
        using (MLNet.GMemTransformer trained = MLNet.GMemTransformer.Load(files.Model))
        {
            trained.Model.ExportCheckpoint(weights);
            trained.Memory.Save(bank);
        }

        string[] arguments = ["import", weights, "--memory", bank, "--heads", "2", "--output", model];
        Snapshot.Match("import-dry-run", ToolRun.Done([.. arguments, "--dry-run"]), Paths);
        Assert.False(File.Exists(model));
        Snapshot.Match("import", ToolRun.Done(arguments), Paths);
        _ = ToolRun.Done("generate", model, "--count", "1", "--output", files.File("official"));
    }

    [Fact]
    public void Doctor_OnThisMachine_FindsEverythingInOrder()
    {
        JsonElement found = JsonDocument.Parse(ToolRun.Done("doctor", "--json")).RootElement;
        Assert.True(found.GetProperty("healthy").GetBoolean());
        Assert.Contains("2.10", found.GetProperty("facts").GetProperty("libtorch").GetString());
        Assert.Contains("Nothing to do", ToolRun.Done("doctor"));
    }

    private static long Count(string model) =>
        JsonDocument.Parse(ToolRun.Done("memory", "list", model, "--json")).RootElement.GetProperty("count").GetInt64();

    /// <summary>Decimal fractions, speeds and times differ from machine to machine; whole numbers by themselves do not.</summary>
    private static string Numbers(string text) => Varying().Replace(text, "#");

    /// <summary>Measured times, and memory, which depends on the number of cores. Settings have fewer digits.</summary>
    private static string Measured(string text) => Forecast().Replace(text, "#");

    [GeneratedRegex(
        @"(?<=(memoryBytes|secondsPerStep|seconds)(""?:)? +)[\d.E-]+|[\d,]+(?= MB of memory)|[\d.]+(?= s each)|"
        + @"[\d.]+ (second|minute)s?(?= for)")]
    private static partial Regex Forecast();

    [GeneratedRegex(
        @"-?\d+\.\d+(E[-+]\d+)?|\d+(?= images/s)|\d+:\d\d(?= left)|"
        + @"(?<=(Distance|mean|Error|Deviation|precision|recall|density|coverage)"": )-?\d+(E-\d+)?", RegexOptions.IgnoreCase)]
    private static partial Regex Varying();
}

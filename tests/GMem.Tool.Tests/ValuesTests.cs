using System.Text.Json;
using GMem.Images;

namespace GMem.Tool.Tests;

/// <summary><c>--values</c>: a table beside the images, and numbers to generate for.</summary>
public sealed class ValuesTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    [Fact]
    public void TrainThenGenerate_WithATable_FollowTheValues()
    {
        string table = Table("values.csv", i => $"{i},{i % 3 / 10.0}");
        string model = files.File("with-values.zip");
        _ = ToolRun.Done(["train", files.Images, "--values", table, "--output", model, .. TinyFiles.SettingsWith(steps: 20),
            "--learning-rate", "0.01"]);
        JsonElement values = JsonDocument.Parse(ToolRun.Done("info", model, "--json")).RootElement.GetProperty("network")
            .GetProperty("conditions").GetProperty("values");
        Assert.Equal("angle", values.GetProperty("names")[0].GetString());
        Assert.Equal(11.5, values.GetProperty("mean")[0].GetDouble(), 1e-9);

        byte[][] made = [.. new string[][] { ["--values", "1,0.1"], ["--values", "22,0.1"], [] }.Select((v, i) =>
        {
            string output = files.File($"values-{i}.png");
            _ = ToolRun.Done(["generate", model, "--count", "1", "--memory", "2", "--output", output, .. v]);
            return File.ReadAllBytes(output);
        })];
        Assert.Equal(3, made.Select(Convert.ToHexString).Distinct().Count());
        Assert.Contains("'angle', 'heat'", ToolRun.Of("generate", model, "--values", "1").Error, StringComparison.Ordinal);
        Assert.Contains("--values is '1;2', but must be numbers", ToolRun.Of("generate", model, "--values", "1;2").Error,
            StringComparison.Ordinal);
        Assert.Contains("was not trained with any", ToolRun.Of("generate", files.Model, "--values", "1").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_TableThatDoesNotFit_IsRefusedBeforeTraining()
    {
        string missing = Table("missing.csv", i => $"{i},0", count: 23);
        Assert.Contains("has no line for", Refused(missing), StringComparison.Ordinal);
        Assert.Contains("line 4: 'heat' is 'x', expected a finite number", Refused(Table("text.csv", i => i == 2 ? "0,x" : "0,0")),
            StringComparison.Ordinal);
        string plain = files.File("plain.csv");
        File.WriteAllText(plain, "1,2\n");
        Assert.Contains("has no header", Refused(plain), StringComparison.Ordinal);

        string Refused(string table)
        {
            ToolRun run = ToolRun.Of(
                ["train", files.Images, "--values", table, "--output", files.File("no.zip"), .. TinyFiles.SettingsWith(steps: 1)]);
            Assert.Equal(ExitCode.Fault, run.Code);
            return run.Error;
        }
    }

    private string Table(string name, Func<int, string> row, int count = 24)
    {
        string path = files.File(name);
        File.WriteAllLines(path, ImageCollection.Enumerate(files.Images).Take(count)
            .Select((f, i) => $"{Path.GetRelativePath(files.Path, f.ImagePath)},{row(i)}").Prepend("path,angle,heat"));
        return path;
    }
}

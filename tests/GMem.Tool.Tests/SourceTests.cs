using System.IO.Compression;
using System.Text.Json;
using GMem.Images;

namespace GMem.Tool.Tests;

/// <summary>Images from tars, Parquet files and lists: read, encoded, remembered, compared, and accounted for.</summary>
public sealed class SourceTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    [Fact]
    public void Train_FromEachSource_KeepsLabelsAndAccountsForEachEntry()
    {
        string parquet = Parquet();
        foreach ((string images, int ignored) in new[] { (Tar(), 25), (parquet, 0), (List(), 1), (files.File("shard-{0..0}.t?r"), 25) })
        {
            string model = files.File("from-source.zip");
            string json = ToolRun.Done(["train", images, "--output", model, "--json", .. TinyFiles.Settings]);
            JsonElement account = JsonDocument.Parse(json).RootElement.GetProperty("account");
            Assert.Equal(24, account.GetProperty("read").GetInt32());
            Assert.Equal(1, account.GetProperty("skipped").GetInt32());
            Assert.Equal(ignored, account.GetProperty("ignored").GetInt32());
            Assert.Contains("\"even\"", ToolRun.Done("memory", "list", model, "--label", "even", "--json"));

            string dry = ToolRun.Done(["train", images, "--dry-run", "--list-skipped", "--json", .. TinyFiles.Settings]);
            JsonElement found = JsonDocument.Parse(dry).RootElement.GetProperty("images");
            Assert.Equal(25, found.GetProperty("found").GetInt32());
            Assert.Single(found.GetProperty("skippedFiles").EnumerateArray());
        }

        string edited = files.File("edited.zip");
        _ = ToolRun.Done("memory", "add", files.Model, parquet, $"{parquet}/3", "--output", edited);
        Assert.Contains("49", ToolRun.Done("info", edited));
        string metrics = ToolRun.Done("evaluate", parquet, "--real", Tar(), "--json");
        Assert.Contains("\"read\": 24", metrics);
    }

    [Fact]
    public void Train_OutputIsAnArchiveThatIsRead_IsRefused()
    {
        string zip = files.File("photos.zip");
        ZipFile.CreateFromDirectory(files.Images, zip);
        byte[] before = File.ReadAllBytes(zip);
        string list = files.File("of-zip.csv");
        File.WriteAllText(list, $"{ImageCollection.Enumerate(zip)[0].ImagePath},x");
        foreach (string images in new[] { files.File("photo?.zip"), list })
        {
            ToolRun run = ToolRun.Of(["train", images, "--output", zip, .. TinyFiles.Settings]);
            Assert.NotEqual(ExitCode.Success, run.Code);
            Assert.Contains("would be replaced", run.Error);
            Assert.Equal(before, File.ReadAllBytes(zip));
        }
    }

    private IEnumerable<(string Path, string Label)> Pictures =>
        ImageCollection.Enumerate(files.Images).Select(f => (f.ImagePath, f.Label)).Append((files.File("broken.png"), "even"));

    private string Tar() => SourceFiles.Tar(files.File("shard-0.tar"), Pictures);

    private string Parquet() => SourceFiles.Parquet(files.File("data.parquet"), Pictures);

    private string List()
    {
        string path = SourceFiles.List(files.File("list.csv"), Pictures);
        File.AppendAllText(path, ",none\n");
        return path;
    }
}

using System.IO.Compression;
using GMem.Images;
using GMem.Tests.Shared;

namespace GMem.Tool.Tests;

/// <summary>What people reported of programs like this one: data, runs and files that were lost in silence.</summary>
public sealed class CaseTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("folder", "a folder")]
    [InlineData("model.pth", "must end in .zip")]
    [InlineData("", "is empty")]
    [InlineData("photos/model.zip", "where images are read from")]
    [InlineData("/dev/model.zip", "lies in /dev")]
    public void Train_OutputThatCannotBe_IsRefusedBeforeTheFirstStep(string output, string why)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && output.StartsWith('/'), "there is no /dev");
        string photos = Photos();
        _ = Directory.CreateDirectory(_folder.File("folder"));
        string path = output.Length == 0 || Path.IsPathRooted(output) ? output : _folder.File(output);

        ToolRun run = ToolRun.Of(["train", photos, "--output", path, .. TinyFiles.Settings]);

        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains(why, run.Error);
        Assert.DoesNotContain("step", run.Output);
        Assert.Equal(run.Error, ToolRun.Of(["train", photos, "--dry-run", "--output", path, .. TinyFiles.Settings]).Error);
    }

    [Fact]
    public void Train_OutputIsTheDataSet_LeavesItAlone()
    {
        string archive = _folder.File("set.zip");
        ZipFile.CreateFromDirectory(files.Images, archive);
        byte[] before = File.ReadAllBytes(archive);
        File.CreateSymbolicLink(_folder.File("link.zip"), archive);

        foreach (string output in new[] { archive, _folder.File("link.zip") })
        {
            ToolRun run = ToolRun.Of(["train", archive, "--output", output, .. TinyFiles.Settings]);
            Assert.Equal(ExitCode.Fault, run.Code);
            Assert.Contains("would be replaced", run.Error);
        }

        Assert.Equal(before, File.ReadAllBytes(archive));
    }

    [Theory]
    [InlineData("", "lies among the images")]
    [InlineData("run", "lies among the images")]
    public void Train_WorkspaceAmongImages_IsRefused(string name, string why)
    {
        string photos = Photos();
        string[] entries = Directory.GetFileSystemEntries(photos, "*", SearchOption.AllDirectories);

        ToolRun run = ToolRun.Of(
            ["train", photos, "--workspace", Path.Combine(photos, name), "--output", _folder.File("m.zip"), .. TinyFiles.Settings]);

        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains($"--workspace is '{Path.Combine(photos, name)}', which {why}", run.Error);
        Assert.Equal(entries, Directory.GetFileSystemEntries(photos, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Train_BadAndOtherFiles_AccountsForEveryOne()
    {
        string photos = Photos();
        byte[] good = File.ReadAllBytes(Path.Combine(photos, "even", "00.png"));
        File.WriteAllBytes(Path.Combine(photos, "even", "cut.png"), good[..^30]);
        File.WriteAllText(Path.Combine(photos, "even", "page.jpg"), "<html>");
        File.WriteAllText(Path.Combine(photos, "notes.txt"), "notes");
        File.WriteAllBytes(Path.Combine(photos, "odd", ".hidden.png"), good);
        File.WriteAllBytes(Path.Combine(photos, "odd", "IMG.HEIC"), good);
        int images = Directory.GetFiles(files.Images, "*.png", SearchOption.AllDirectories).Length;
        string line = $"{photos}: {images + 2} images found, {images} read, 2 skipped, 3 ignored: 1 .txt, "
            + "1 HEIC, which cannot be decoded (convert it to JPEG or PNG), 1 hidden";
        string[] train = ["train", photos, "--output", _folder.File("m.zip"), .. TinyFiles.Settings];

        ToolRun run = ToolRun.Of(train);
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Contains(line + " (--list-skipped names them)", run.Output);
        Assert.Matches("warning: Skipped: '.*cut.png' was cut short", run.Error);
        Assert.Matches("warning: Skipped: '.*page.jpg' is text", run.Error);
        Assert.Matches("warning: Not read in '.*': '.*IMG.HEIC' ", run.Error);

        foreach (string[] more in new string[][] { ["--list-skipped"], ["--list-skipped", "--dry-run"] })
        {
            ToolRun listed = ToolRun.Of([.. train, .. more]);
            string text = listed.Output + listed.Error;
            Assert.Contains(line, text);
            Assert.Matches("  skipped  '.*cut.png' was cut short", text);
            Assert.Matches("  ignored  .*notes.txt: .txt", text);
            Assert.Matches("  ignored  .*.hidden.png: hidden", text);
        }

        ToolRun quiet = ToolRun.Of([.. train, "--quiet"]);
        Assert.Equal("", quiet.Error);
        Assert.DoesNotContain("step ", quiet.Output);
        Assert.Contains("log: Read ", ToolRun.Of([.. train, "--verbose"]).Error);
    }

    [Fact]
    public void Evaluate_OtherFiles_AccountsForThem()
    {
        string photos = Photos();
        File.WriteAllText(Path.Combine(photos, "notes.txt"), "notes");
        File.WriteAllText(Path.Combine(photos, "page.png"), "<html>");
        ToolRun run = ToolRun.Of("evaluate", photos, "--real", files.Images, "--list-skipped");
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Contains("1 skipped, 1 ignored: 1 .txt", run.Error);
        Assert.Matches("warning: Skipped: '.*page.png' is text", run.Error);
        Assert.Matches("  ignored  .*notes.txt: .txt", run.Error);
    }

    [Fact]
    public void MemoryAdd_BadAndOtherFiles_AccountsForThem()
    {
        string photos = Photos();
        int images = Directory.GetFiles(photos, "*.png", SearchOption.AllDirectories).Length;
        File.WriteAllText(Path.Combine(photos, "page.png"), "<html>");
        File.WriteAllText(Path.Combine(photos, "notes.txt"), "notes");

        ToolRun run = ToolRun.Of("memory", "add", files.Model, photos, "--list-skipped", "--output", _folder.File("more.zip"));

        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Contains($"{images + 1} images found, {images} read, 1 skipped, 1 ignored: 1 .txt", run.Error);
        Assert.Contains($"{2 * images} entries, where {images} were", run.Output);
    }

    [Fact]
    public void Train_DamagedCheckpoint_IsTold()
    {
        string workspace = _folder.File("run");
        string[] train = ["train", files.Images, "--workspace", workspace, "--output", _folder.File("m.zip")];
        _ = ToolRun.Done([.. train, .. TinyFiles.SettingsWith(steps: 4)]);
        string checkpoint = Path.Combine(workspace, "checkpoints", "step-00000004.safetensors");
        byte[] bytes = File.ReadAllBytes(checkpoint);
        bytes[^100] ^= 1;
        File.WriteAllBytes(checkpoint, bytes);

        ToolRun run = ToolRun.Of([.. train, .. TinyFiles.SettingsWith(steps: 6)]);

        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Matches("warning: The checkpoint '.*step-00000004.safetensors' is damaged", run.Error);
    }

    [Fact]
    public void Generate_LabelInAnotherSpelling_IsFound()
    {
        string photos = Photos();
        Directory.Move(Path.Combine(photos, "even"), Path.Combine(photos, "cafe\u0301"));
        string model = _folder.File("m.zip");
        _ = ToolRun.Done(["train", photos, "--output", model, .. TinyFiles.Settings]);
        foreach (string label in new[] { "caf\u00e9", "cafe\u0301" })
        {
            _ = ToolRun.Done("generate", model, "--label", label, "--count", "1", "--output", _folder.File("samples"));
        }
    }

    [Theory]
    [InlineData("cats.jpg", ".png")]
    [InlineData("cats.WEBP", ".png")]
    [InlineData("cats.zip", ".png")]
    [InlineData("model.zip", "which is read and would be replaced|written as .png|, a file")]
    public void Generate_OutputOfAnotherFormat_IsRefused(string output, string why)
    {
        string model = _folder.File("model.zip");
        File.Copy(files.Model, model);
        ToolRun run = ToolRun.Of("generate", model, "--count", "1", "--output", _folder.File(output));
        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Matches(why, run.Error);
        Assert.Equal(output == "model.zip", Path.Exists(_folder.File(output)));
        Assert.Equal(File.ReadAllBytes(files.Model), File.ReadAllBytes(model));
    }

    [Fact]
    public void MemoryExport_OtherEnding_IsRefused()
    {
        ToolRun run = ToolRun.Of("memory", "export", files.Model, "--output", _folder.File("b.pth"));
        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains("must end in .safetensors", run.Error);
        string bank = _folder.File("b.safetensors");
        _ = ToolRun.Done("memory", "export", files.Model, "--output", bank);
        _ = ToolRun.Done("memory", "import", files.Model, bank, "--output", _folder.File("again.zip"));
        Assert.Contains(
            "would be replaced", ToolRun.Of("memory", "merge", files.Model, files.Model, "--output", files.Model).Error);
    }

    [Theory]
    [InlineData("--steps", "1000000000000000")]
    [InlineData("--depth", "2000000")]
    [InlineData("--hidden-size", "2000000000")]
    [InlineData("--heads", "70000")]
    [InlineData("--image-size", "100000")]
    [InlineData("--learning-rate", "1e300")]
    [InlineData("--source-noise", "1e9")]
    public void Train_BeyondTheRange_IsRefusedAtOnce(string option, string value) => RefusedAtOnce("train", files.Images, option, value);

    [Theory]
    [InlineData("--sampling-steps", "10001")]
    [InlineData("--guidance", "1e6")]
    [InlineData("--count", "2000000000")]
    [InlineData("--batch-size", "1000000")]
    public void Generate_BeyondTheRange_IsRefusedAtOnce(string option, string value) =>
        RefusedAtOnce("generate", files.Model, option, value);

    [Theory]
    [InlineData("--novelty", "0", "--novelty is 0")]
    [InlineData("--seed", "9223372036854775807", "count up from it")]
    public void Generate_ValueThatCannotBe_IsNamedAsTyped(string option, string value, string named)
    {
        ToolRun run = ToolRun.Of("generate", files.Model, option, value, "--output", _folder.File("samples"));
        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains(named, run.Error);
    }

    [Fact]
    public void Train_NetworkThatDoesNotFit_IsRefusedBeforeImagesAreRead()
    {
        ToolRun run = ToolRun.Of(
            "train", files.Images, "--depth", "1024", "--hidden-size", "49152", "--heads", "8", "--output", _folder.File("m.zip"));
        Assert.Equal(ExitCode.Fault, run.Code);
        Assert.Contains("are free", run.Error);
        Assert.DoesNotContain("images found", run.Output + run.Error);
    }

    private void RefusedAtOnce(string command, string input, string option, string value)
    {
        ToolRun run = ToolRun.Of(command, input, option, value, "--output", _folder.File("m.zip"));
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains($"{option} is '{value}', but must be", run.Error);
    }

    /// <summary>A copy of the images, to be changed.</summary>
    private string Photos()
    {
        string photos = _folder.File("photos");
        foreach (string file in Directory.GetFiles(files.Images, "*.png", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(photos, Path.GetRelativePath(files.Images, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return photos;
    }
}

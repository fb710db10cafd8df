using System.Text;
using System.Text.Json;
using GMem.Images;
using GMem.Tests.Shared;

namespace GMem.Tool.Tests;

/// <summary>Whatever is given wrong is answered by one line that names it, and an exit code.</summary>
public sealed class ErrorTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private static readonly string Newer = "newer.zip";

    [Fact]
    public void Errors_OfEveryWrongInput_AreOneLineAsPinned()
    {
        WriteDamaged();
        PngWriter.Write(files.File("mask.png"), new RgbImage(3, 5, new byte[45]));
        StringBuilder text = new();
        foreach (string[] arguments in WrongInputs())
        {
            ToolRun run = ToolRun.Of(arguments);
            string line = run.Error.TrimEnd();
            Assert.True(run.Code != ExitCode.Success, $"gmem {string.Join(' ', arguments)} succeeded: {run.Output}");
            Assert.DoesNotContain('\n', line);
            Assert.StartsWith("error: ", line);
            Assert.Matches("^(reading the images\n)?(.* images found, .*\\n)?((generating|comparing).*\n)?$", run.Output);
            _ = text.AppendLine($"$ gmem {string.Join(' ', arguments)}").AppendLine(line)
                .AppendLine($"(exit code {(int)run.Code}, {run.Code})").AppendLine();
        }

        Snapshot.Match("errors", text.ToString(), (files.Path + "/", ""), (files.Path, "."));
    }

    [Fact]
    public void Error_WithJson_IsADocumentOfOneLine()
    {
        ToolRun run = ToolRun.Of("train", files.File("nowhere"), "--json");
        JsonElement error = JsonDocument.Parse(run.Error).RootElement;
        Assert.Equal((int)ExitCode.Fault, error.GetProperty("exitCode").GetInt32());
        Assert.Contains("nowhere", error.GetProperty("error").GetString());
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Error_WithVerbose_HasTheTrace()
    {
        ToolRun run = ToolRun.Of("train", files.File("nowhere"), "--verbose");
        Assert.Contains("   at GMem.Images.ImageCollection.Enumerate", run.Error);
    }

    private IEnumerable<string[]> WrongInputs()
    {
        string model = files.Model, images = files.Images;
        string edited = files.File("edited.zip"), picture = files.File("images/odd/01.png");
        string[] small = ["--image-size", "8", "--patch-size", "2", "--hidden-size", "32", "--depth", "2", "--heads", "2"];
        return
        [
            ["paint"], [], ["train"], ["train", images, "--step", "3"], ["train", images, "--steps", "many"],
            ["train", images, "--steps", "0"], ["train", images, "--learning-rate", "-1"],
            ["train", files.File("nowhere")], ["train", files.File("empty")], ["train", files.File("text.txt")],
            ["train", files.File("broken.zip")],
            ["train", images, "--image-size", "30"], ["train", images, "--image-size", "32", "--heads", "5"],
            ["train", images, .. small, "--batch-size", "25"],
            ["train", images, .. small, "--learning-rate", "0", "--snippet-dropout", "1"],
            ["generate", files.File("nowhere.zip")], ["generate", files.File("broken.zip")], ["generate", files.File("cut.zip")],
            ["generate", files.File("foreign.zip")], ["generate", files.File(Newer)],
            ["generate", model, "--memory", "24"], ["generate", model, "--label", "cat"],
            ["generate", model, "--label", "odd", "--memory", "1"], ["generate", model, "--image", files.File("broken.png")],
            ["generate", model, "--image", files.File("nowhere.png")], ["generate", model, "--sampler", "magic"],
            ["generate", model, "--guidance", "NaN"], ["generate", model, "--gpu", "7"],
            ["vary", model], ["vary", model, files.File("nowhere.png")], ["vary", model, picture, "--strength", "1.5"],
            ["vary", model, picture, "--memory", "1", "--label", "odd"], ["vary", model, picture, "--output", picture],
            ["inpaint", model, picture], ["inpaint", model, picture, files.File("broken.png")],
            ["inpaint", model, picture, files.File("mask.png")], ["inpaint", model, picture, picture, "--resamplings", "0"],
            ["invert", model, picture, "--sampler", "sde"], ["invert", model, picture, "--like", files.File("nowhere.png")],
            ["evaluate", model], ["evaluate", model, "--real", files.File("nowhere")],
            ["evaluate", model, "--real", images, "--count", "3"],
            ["evaluate", model, "--real", images, "--inception", files.File("text.txt")],
            ["import", files.File("nowhere.pth")], ["import", files.File("text.txt")], ["import", files.File("other.safetensors")],
            ["train", images, "--encoder", files.File("other.safetensors")],
            ["train", images, "--autoencoder", files.File("nowhere.pth")], ["memory"], ["memory", "list", model, "--label", "cat"],
            ["memory", "nearest", model, files.File("broken.png")], ["memory", "add", model, files.File("empty"), "-o", edited],
            ["memory", "remove", model, "-o", edited], ["memory", "remove", model, "--label", "cat", "-o", edited],
            ["memory", "remove", model, "--id", "99", "-o", edited], ["memory", "remove", model, "--id", "0"],
            ["memory", "remove", files.File("odd.zip"), "--label", "odd", "-o", edited], ["memory", "interpolate", model, "0", "24"],
            ["memory", "interpolate", model, "0", "1", "--count", "1"],
            ["memory", "merge", model, files.File("text.txt"), "-o", edited],
            ["memory", "import", model, files.File("other.safetensors"), "-o", edited],
            ["memory", "export", model, "-o", files.File("text.txt/bank.safetensors")],
        ];
    }

    /// <summary>Models that are damaged, or of a version to come, or not ours.</summary>
    private void WriteDamaged()
    {
        byte[] model = File.ReadAllBytes(files.Model);
        File.WriteAllBytes(files.File("cut.zip"), model[..(model.Length / 2)]);
        ZipEdit.Write(files.File("foreign.zip"), ("hello.txt", "hello"));
        ZipEdit.Replace(
            files.Model, files.File(Newer), "model.json", text =>
                text.Replace("\"version\": 3", "\"version\": 99", StringComparison.Ordinal));
        _ = ToolRun.Done("memory", "remove", files.Model, "--label", "even", "-o", files.File("odd.zip"));
        using TorchSharp.torch.Tensor rows = TorchSharp.torch.eye(5);
        Memory.MemoryBank.FromRows(rows).Save(files.File("other.safetensors"));
    }
}

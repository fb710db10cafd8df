using System.Text.Json;
using GMem.Images;

namespace GMem.Tool.Tests;

/// <summary>Rectangles, grey and alpha at the command line, from training to metrics.</summary>
public sealed class ImageShapeTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    [Theory]
    [InlineData(32, 48, 1, "crop")]
    [InlineData(24, 32, 4, "pad")]
    public void TrainGenerateEvaluate_OfAShape_WritesPngsOfIt(int height, int width, int channels, string fit)
    {
        string model = files.File($"shape{channels}.zip"), folder = files.File($"shape{channels}"), grid = files.File($"grid{channels}.png");
        string[] train =
        [
            "train", files.Images, "--output", model, .. TinyFiles.SettingsWith(steps: 2),
            "--image-height", $"{height}", "--image-width", $"{width}", "--channels", $"{channels}", "--fit", fit,
        ];
        JsonElement settings = JsonDocument.Parse(ToolRun.Done([.. train, "--dry-run", "--json"])).RootElement;
        Assert.Equal(width, settings.GetProperty("imageWidth").GetInt32());
        Assert.Equal(channels, settings.GetProperty("imageChannels").GetInt32());
        _ = ToolRun.Done(train);

        JsonElement info = JsonDocument.Parse(ToolRun.Done("info", model, "--json")).RootElement;
        Assert.Equal(
            (height, width, channels, fit),
            (info.GetProperty("imageHeight").GetInt32(), info.GetProperty("imageWidth").GetInt32(),
                info.GetProperty("imageChannels").GetInt32(), info.GetProperty("imageFit").GetString()!.ToLowerInvariant()));

        _ = ToolRun.Done("generate", model, "--count", "2", "--output", folder, "--sampling-steps", "2");
        string png = Path.Combine(folder, "1.png");
        RgbImage image = ImageReader.ReadWhole(png, channels);
        Assert.Equal((width, height), (image.Width, image.Height));
        Assert.Equal(channels == 1 ? 0 : 6, File.ReadAllBytes(png)[25]);
        _ = ToolRun.Done("generate", model, "--count", "2", "--output", grid, "--sampling-steps", "2", "--image", png);
        Assert.True(ImageReader.ReadFile(grid).Height < ImageReader.ReadFile(grid).Width);

        string text = ToolRun.Done(
            "evaluate", model, "--real", files.Images, "--training", files.Images, "--count", "8", "--sampling-steps", "2");
        Assert.Contains("Copies", text);
        string evaluation = ToolRun.Done("evaluate", model, "--real", files.Images, "--dry-run", "--json");
        Assert.Contains("\"imageChannels\": 3", evaluation);
        _ = ToolRun.Done("memory", "add", model, png, "--label", "new", "-o", files.File("added.zip"));
        _ = ToolRun.Done("memory", "interpolate", model, "0", "5", "--count", "3", "-o", files.File("between.png"));
    }

    [Theory]
    [InlineData("--image-width", "9", "--image-width is 9, which is not divisible by --patch-size 2")]
    [InlineData("--image-height", "0", "--image-height is '0', but must be a whole number from 1 to 16384")]
    [InlineData("--channels", "2", "--channels is 2, it must be 1 (grey), 3 (RGB) or 4 (RGBA)")]
    [InlineData("--fit", "stretch", "--fit is 'stretch', but must be one of Crop, Pad")]
    public void Train_AShapeThatCannotBe_IsRefused(string option, string value, string why)
    {
        ToolRun run = ToolRun.Of(["train", files.Images, "--output", files.File("never.zip"), .. TinyFiles.Settings, option, value]);
        Assert.NotEqual(ExitCode.Success, run.Code);
        Assert.Contains(why, run.Error);
        Assert.Contains("--channels is 2 but must be 1 (grey) or 3 (RGB)", ToolRun.Of(
            "evaluate", files.Images, "--real", files.Images, "--channels", "2").Error);
    }
}

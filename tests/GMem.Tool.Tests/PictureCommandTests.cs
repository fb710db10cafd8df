using System.Text.Json;
using GMem.Images;
using GMem.MLNet;

namespace GMem.Tool.Tests;

/// <summary>The commands that begin with a picture do what the library does.</summary>
public sealed class PictureCommandTests(TinyFiles files) : IClassFixture<TinyFiles>
{
    private string Picture => files.File("images/odd/01.png");

    private string Other => files.File("images/even/04.png");

    [Fact]
    public void Vary_OfAPicture_WritesTheImagesThatTheModelMakes()
    {
        string folder = files.File("variations");
        string text = ToolRun.Done(
            "vary", files.Model, Picture, "--strength", "0.4", "--count", "2", "--seed", "5", "--output", folder);
        Assert.EndsWith($"Wrote 2 images to {folder}.", text.Trim(), StringComparison.Ordinal);
        Assert.Equal(Made(new(5, PromptImage: Read(Picture), Strength: 0.4)), Read(Path.Combine(folder, "5.png")).Pixels);

        _ = ToolRun.Done("vary", files.Model, Picture, "--strength", "0", "--count", "1", "--output", folder);
        Assert.Equal(Read(Picture).Pixels, Read(Path.Combine(folder, "0.png")).Pixels);
        _ = ToolRun.Done("vary", files.Model, Picture, "--like", Other, "--count", "1", "--output", folder);
        using GMemTransformer model = GMemTransformer.Load(files.Model);
        using TorchSharp.torch.Tensor snippet = model.Model.Encode(Read(Other));
        Assert.Equal(
            Made(new(0, PromptImage: Read(Picture), Strength: 0.5, Snippet: snippet.data<float>().ToArray())),
            Read(Path.Combine(folder, "0.png")).Pixels);
        _ = ToolRun.Done("vary", files.Model, Picture, "--label", "even", "--count", "3", "--output", files.File("grid.png"));
        Assert.Equal((3 * (64 + 2)) + 2, Read(files.File("grid.png")).Width);
    }

    [Fact]
    public void Inpaint_WithAMask_KeepsWhatIsBlack()
    {
        byte[] white = [.. Enumerable.Range(0, 64).SelectMany(i => Enumerable.Repeat((byte)(i % 8 < 3 ? 255 : 0), 3))];
        PngWriter.Write(files.File("left.png"), new RgbImage(8, 8, white));
        string folder = files.File("inpainted");
        _ = ToolRun.Done(
            "inpaint", files.Model, Picture, files.File("left.png"), "--resamplings", "2", "--memory", "3", "--count", "1", "--output",
            folder);
        byte[] made = Read(Path.Combine(folder, "0.png")).Pixels, picture = Read(Picture).Pixels;
        Assert.Equal(picture.Where((_, i) => white[i] == 0), made.Where((_, i) => white[i] == 0));
        Assert.NotEqual(picture, made);
    }

    [Fact]
    public void Invert_OfAPicture_SaysHowExactTheWayBackIs()
    {
        string json = ToolRun.Done(
            "invert", files.Model, Picture, "--sampling-steps", "80", "--output", files.File("again"), "--json");
        Assert.InRange(JsonDocument.Parse(json).RootElement.GetProperty("roundTripError").GetDouble(), 0, 2);
        byte[] again = Read(files.File("again/0.png")).Pixels;
        Assert.InRange(Read(Picture).Pixels.Zip(again, (a, b) => Math.Abs(a - b)).Average(), 0, 2);
        Assert.Contains("levels of 255", ToolRun.Done(
            "invert", files.Model, Picture, "--like", Other, "--output", files.File("styled")));
        Assert.NotEqual(again, Read(files.File("styled/0.png")).Pixels);
    }

    [Fact]
    public void Vary_DryRun_ShowsTheSettings()
    {
        (string, string) paths = (files.Path + "/", "");
        Snapshot.Match("vary-dry-run", ToolRun.Done("vary", files.Model, Picture, "--label", "odd", "--dry-run"), paths);
        Snapshot.Match(
            "inpaint-dry-run", ToolRun.Done("inpaint", files.Model, Picture, Other, "--resamplings", "3", "--dry-run"), paths);
    }

    private static RgbImage Read(string path) => ImageReader.ReadFile(path);

    private byte[] Made(GenerationRequest request)
    {
        using GMemTransformer model = GMemTransformer.Load(files.Model);
        return model.Model.Generate([request])[0].Image.Pixels;
    }
}

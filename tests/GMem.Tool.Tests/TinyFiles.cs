using GMem.Images;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;

namespace GMem.Tool.Tests;

/// <summary>
/// A folder with images of two labels and a model trained on them by the tool itself; made once, kept until the tests end.
/// </summary>
public sealed class TinyFiles : IDisposable
{
    /// <summary>A network that is trained in a second.</summary>
    internal static readonly string[] Settings = SettingsWith(steps: 6);

    private readonly TemporaryFolder _folder = new();

    public TinyFiles()
    {
        using TrainingImages images = TinyModel.Images();
        IReadOnlyList<RgbImage> pictures = ImageTensors.FromTensor(images.Pixels);
        for (int i = 0; i < pictures.Count; i++)
        {
            string label = System.IO.Path.Combine(Images, i % 2 == 0 ? "even" : "odd");
            _ = Directory.CreateDirectory(label);
            PngWriter.Write(System.IO.Path.Combine(label, $"{i:D2}.png"), pictures[i]);
        }

        _ = Directory.CreateDirectory(File("empty"));
        System.IO.File.WriteAllText(File("text.txt"), "not an image");
        System.IO.File.WriteAllText(File("broken.png"), "not an image");
        System.IO.File.WriteAllText(File("broken.zip"), "not a zip");
        Training = ToolRun.Done(["train", Images, "--output", Model, .. Settings]);
    }

    public string Path => _folder.Path;

    public string Images => File("images");

    public string Model => File("model.zip");

    /// <summary>What the training printed.</summary>
    internal string Training { get; }

    public string File(string name) => _folder.File(name);

    internal static string[] SettingsWith(long steps) =>
    [
        "--image-size", "8", "--patch-size", "2", "--hidden-size", "32", "--depth", "2", "--heads", "2", "--batch-size", "8",
        "--snippet-dimension", "12", "--seed", "3", "--steps", $"{steps}",
    ];

    public void Dispose() => _folder.Dispose();
}

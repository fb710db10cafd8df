using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using GMem.Images;
using GMem.Latents;
using GMem.Tests.Shared;
using GMem.Training;

namespace GMem.PackageTests;

/// <summary>The packages as their users get them: from a folder, into a new project outside the repository, with nothing else.</summary>
[Trait("Category", "Slow")]
public sealed partial class PackageTests(PackageFeed feed) : IClassFixture<PackageFeed>
{
    [Theory]
    [InlineData("GMem")]
    [InlineData("GMem.MLNet")]
    [InlineData("GMem.Extensions")]
    [InlineData("GMem.Extensions.AI")]
    [InlineData("GMem.ImageSharp")]
    [InlineData("GMem.ResNet18")]
    public void Package_OfALibrary_IsComplete(string id)
    {
        Assert.SkipWhen(PackageFeed.Reason is not null, PackageFeed.Reason ?? "");
        using ZipArchive package = feed.Open(id);
        string[] files = [.. package.Entries.Select(e => e.FullName)];
        Assert.Equal(
            [$"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"], files.Where(f => f.StartsWith("lib/", StringComparison.Ordinal)).Order());
        Assert.Contains("README.md", files);
        Assert.Contains("icon.png", files);
        Assert.DoesNotContain(files, f => f.Contains("internals", StringComparison.OrdinalIgnoreCase));
        XElement metadata = Metadata(package, id);
        Assert.Equal(("MIT", "README.md", "icon.png"), (Value(metadata, "license"), Value(metadata, "readme"), Value(metadata, "icon")));
        using ZipArchive symbols = feed.Open(id, "snupkg");
        Assert.Contains($"lib/net10.0/{id}.pdb", symbols.Entries.Select(e => e.FullName));
    }

    [Fact]
    public void Package_OfLibTorch_NamesThreePlatforms()
    {
        Assert.SkipWhen(PackageFeed.Reason is not null, PackageFeed.Reason ?? "");
        using ZipArchive package = feed.Open("GMem.LibTorch");
        string[] dependencies = [.. Metadata(package, "GMem.LibTorch").Descendants().Where(e => e.Name.LocalName == "dependency").Select(
            e => e.Attribute("id")!.Value)];
        Assert.All(["linux-x64", "win-x64", "osx-arm64"], platform => Assert.Contains($"libtorch-cpu-{platform}", dependencies));
    }

    [Fact]
    public async Task Program_OfTheReadme_RunsInANewProjectWithOnePackage()
    {
        Assert.SkipWhen(PackageFeed.Reason is not null, PackageFeed.Reason ?? "");
        string folder = feed.NewFolder("Pictures");
        _ = await Command.Run(folder, Command.Dotnet, "new", "console", "--no-restore");
        _ = await Command.Run(folder, Command.Dotnet, "add", "package", "GMem.MLNet", "--version", feed.Version);
        Photos(folder);

        // The same lines, made small: the network and the run would take minutes.
        string program = FirstSnippet().Replace("imageSize: 32", "imageSize: 8, totalSteps: 2", StringComparison.Ordinal);
        Assert.Contains("totalSteps: 2", program);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), program);
        _ = await Command.Run(folder, Command.Dotnet, "run", "-c", "Release");

        Assert.True(File.Exists(Path.Combine(folder, "model.zip")));
        Assert.Equal(64, Directory.EnumerateFiles(folder, "*.png").Count());
        OutputHoldsNothingUnneeded(Path.Combine(folder, "bin"));
        string[] forThisPlatform = ["--use-current-runtime", "--no-self-contained"];
        _ = await Command.Run(folder, Command.Dotnet, ["publish", "-c", "Release", "--output", "published", .. forThisPlatform]);
        OutputHoldsNothingUnneeded(Path.Combine(folder, "published"));
        await GenerateWithAScript(folder);
    }

    /// <summary>A program that has ImageSharp's images, trains on them, and serves the model to Microsoft.Extensions.AI.</summary>
    [Fact]
    public async Task Program_WithImageSharpAndAI_RunsInANewProject()
    {
        Assert.SkipWhen(PackageFeed.Reason is not null, PackageFeed.Reason ?? "");
        string folder = feed.NewFolder("Combined");
        _ = await Command.Run(folder, Command.Dotnet, "new", "console", "--no-restore");
        _ = await Command.Run(folder, Command.Dotnet, "add", "package", "GMem.ImageSharp", "--version", feed.Version);
        _ = await Command.Run(folder, Command.Dotnet, "add", "package", "GMem.Extensions.AI", "--version", feed.Version);
        _ = await Command.Run(folder, Command.Dotnet, "add", "package", "Microsoft.Extensions.DependencyInjection", "--version", "10.0.0");
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Combined);
        string printed = await Command.Run(folder, Command.Dotnet, "run", "-c", "Release", "-p:NoWarn=MEAI001");

        Assert.Contains("a red one: image/png, label red, 8 x 8", printed);
        Assert.Contains("refused: The prompt 'a green one' names no label; the model knows 'blue', 'red'.", printed);
        RgbImage drawn = ImageReader.ReadFile(Path.Combine(folder, "red.png"));
        Assert.Equal(drawn.Pixels, ImageReader.ReadFile(Path.Combine(folder, "of-imagesharp.png")).Pixels);
    }

    [Fact]
    public async Task Program_OfGettingStarted_SaysFromTheFirstStepHowLongItTakes()
    {
        Assert.SkipWhen(PackageFeed.Reason is not null, PackageFeed.Reason ?? "");
        string folder = feed.NewFolder("Started");
        _ = await Command.Run(folder, Command.Dotnet, "new", "console", "--no-restore");
        _ = await Command.Run(folder, Command.Dotnet, "add", "package", "GMem.MLNet", "--version", feed.Version);
        Photos(folder, count: 60);
        File.WriteAllText(
            Path.Combine(folder, "Program.cs"),
            FirstSnippet("docs/getting-started.md").Replace("imageSize: 32", "imageSize: 8, totalSteps: 3", StringComparison.Ordinal));

        string printed = await Command.Run(folder, Command.Dotnet, "run", "-c", "Release");

        Assert.All(
            [
                "Read 60 images of 8 x 8 pixels.", "Fitting the encoder to 60 images.", "Encoded 60 images of 60.",
                "Step 1 of 3 ", " left.",
                "60 images are fewer than the default batch of 64: BatchSize is 60", "Step 3 of 3 ",
            ],
            part => Assert.Contains(part, printed, StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(folder, "model.zip")));
    }

    [Fact]
    public async Task Tool_Installed_TrainsAndGenerates()
    {
        Assert.SkipWhen(PackageFeed.Reason is not null, PackageFeed.Reason ?? "");
        string folder = feed.NewFolder("tool");
        Photos(folder);
        _ = await Command.Run(folder, Command.Dotnet,
            "tool", "install", "GMem.Tool", "--tool-path", "installed", "--version", feed.Version, "--add-source", feed.Packages);
        string gmem = Path.Combine(folder, "installed", OperatingSystem.IsWindows() ? "gmem.exe" : "gmem");
        Assert.Contains("Nothing to do", await Command.Run(folder, gmem, "doctor"));
        _ = await Command.Run(
            folder, gmem, "train", "photos", "--image-size", "8", "--hidden-size", "32", "--depth", "1", "--heads", "2", "--steps", "2");
        _ = await Command.Run(folder, gmem, "generate", "model.zip", "--count", "2");
        Assert.Equal(2, Directory.EnumerateFiles(Path.Combine(folder, "samples"), "*.png").Count());
        OutputHoldsNothingUnneeded(Path.Combine(folder, "installed"));
        await TrainWithResNet18(folder, gmem);
    }

    /// <summary>The tool has neither ONNX Runtime nor weights; with the extension it has both.</summary>
    private async Task TrainWithResNet18(string folder, string gmem)
    {
        string[] train = ["train", "photos", "--image-size", "8", "--hidden-size", "32", "--depth", "1", "--heads", "2", "--steps", "2",
            "--encoder", "resnet18", "--output", "resnet18.zip"];
        string without = await Command.Run(folder, gmem, train, expectedCode: 1);
        Assert.Contains("needs the extension GMem.ResNet18, which is not installed: gmem extension add GMem.ResNet18", without);
        _ = await Command.Run(folder, gmem, "extension", "add", "GMem.ResNet18", "--source", feed.Packages, "--folder", "extension");
        (string, string)[] installed = [("GMEM_EXTENSIONS", Path.Combine(folder, "extension"))];
        _ = await Command.Run(folder, gmem, train, environment: installed);
        string nearest = await Command.Run(
            folder, gmem, ["memory", "nearest", "resnet18.zip", Path.Combine("photos", "5.png"), "--count", "1"], environment: installed);
        Assert.Contains("1.0000", nearest);
        Assert.Contains("5.png", nearest);
    }

    /// <summary>
    /// One libtorch, and beside it neither what is for Python, for PyTorch's tests or for debuggers, nor native files of other platforms.
    /// </summary>
    private static void OutputHoldsNothingUnneeded(string folder)
    {
        FileInfo[] files = [.. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)];
        Assert.Single(files, f => f.Name.Contains("torch_cpu", StringComparison.Ordinal));
        Assert.DoesNotContain(files, f => Unneeded().IsMatch(f.Name));
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string[] platforms = [.. files.Where(f => f.DirectoryName!.EndsWith("native", StringComparison.Ordinal))
            .Select(f => f.Directory!.Parent!.Name).Distinct()];
        Assert.All(platforms, p => Assert.Matches($"^{system}(-(x64|arm64))?$", p));
        if (OperatingSystem.IsLinux())
        {
            // 475 MB of native files were measured, 461 of them libtorch_cpu; the rest are assemblies.
            Assert.InRange(files.Where(f => f.Extension != ".nupkg").Sum(f => f.Length) / 1e6, 470, 520);
        }
    }

    private const string Combined = """
        using GMem.Extensions;
        using GMem.Extensions.AI;
        using GMem.Images;
        using GMem.ImageSharp;
        using GMem.MLNet;
        using Microsoft.Extensions.AI;
        using Microsoft.Extensions.DependencyInjection;
        using Microsoft.ML;
        using SixLabors.ImageSharp;
        using SixLabors.ImageSharp.PixelFormats;

        Photo[] photos = [.. Enumerable.Range(0, 64).Select(i => new Photo
        {
            Picture = new Image<Rgb24>(10, 12, i % 2 == 0 ? new Rgb24((byte)(190 + i), 9, 9) : new Rgb24(9, 9, (byte)(190 + i))),
            Label = i % 2 == 0 ? "red" : "blue",
        })];
        MLContext ml = new(seed: 1);
        IDataView view = ml.Data.LoadFromEnumerable(photos);
        using (GMemTransformer model = ml.ImageGeneration.Trainers.GMem(
            imageColumnName: "Picture", imageSize: 8, totalSteps: 2).Fit(view))
        {
            ml.Model.Save(model, view.Schema, "model.zip");
        }

        await using ServiceProvider services = new ServiceCollection().AddGMem("model.zip").AddImageGenerator().BuildServiceProvider();
        IImageGenerator generator = services.GetRequiredService<IImageGenerator>();
        ImageGenerationOptions seed = new() { AdditionalProperties = new() { ["Seed"] = 3 } };
        DataContent drawn = (DataContent)(await generator.GenerateImagesAsync("a red one", seed)).Contents[0];
        RgbImage picture = ImageReader.Decode(drawn.Data.Span, "drawn");
        object? label = drawn.AdditionalProperties!["Label"];
        Console.WriteLine($"a red one: {drawn.MediaType}, label {label}, {picture.Width} x {picture.Height}");
        File.WriteAllBytes("red.png", drawn.Data.ToArray());
        using (Image<Rgb24> image = picture.ToImageSharp())
        {
            image.SaveAsPng("of-imagesharp.png");
        }

        try
        {
            await generator.GenerateImagesAsync("a green one");
        }
        catch (ArgumentException refused)
        {
            Console.WriteLine($"refused: {refused.Message}");
        }

        public sealed class Photo
        {
            [ImageSharpType]
            public Image<Rgb24>? Picture { get; set; }

            public string Label { get; set; } = "";
        }
        """;

    /// <summary>The example script in F#, on the model in the folder: the packages are all that it has.</summary>
    private async Task GenerateWithAScript(string folder)
    {
        string script = File.ReadAllText(Path.Combine(PackageFeed.Root(), "examples", "FSharp", "generate.fsx"));
        Assert.Contains("GMem.MLNet, *-*", script);
        File.WriteAllText(
            Path.Combine(folder, "generate.fsx"),
            $"#i @\"nuget: {feed.Packages}\"\n{script.Replace("*-*", feed.Version, StringComparison.Ordinal)}");
        Assert.Contains("wrote 3 images to out", await Command.Run(folder, Command.Dotnet, "fsi", "generate.fsx", "model.zip", "out", "3"));
        Assert.Equal(3, Directory.EnumerateFiles(Path.Combine(folder, "out"), "*.png").Count());
    }

    private static void Photos(string folder, int count = 64)
    {
        string photos = Directory.CreateDirectory(Path.Combine(folder, "photos")).FullName;
        using TrainingImages images = TinyModel.Images(count);
        int number = 0;
        foreach (RgbImage image in ImageTensors.FromTensor(images.Pixels))
        {
            PngWriter.Write(Path.Combine(photos, $"{number++}.png"), image);
        }
    }

    private static string FirstSnippet(string document = "README.md") =>
        Snippet().Match(File.ReadAllText(Path.Combine(PackageFeed.Root(), document))).Groups[1].Value;

    private static XElement Metadata(ZipArchive package, string id)
    {
        using Stream stream = package.GetEntry($"{id}.nuspec")!.Open();
        return XDocument.Load(stream).Root!.Elements().Single();
    }

    private static string? Value(XElement metadata, string name) =>
        metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name)?.Value;

    [GeneratedRegex(@"torch_python|torchbind_test|jitbackend_test|backend_with_compiler|nnapi_backend|gtest|\.dbg$|\.dwarf$")]
    private static partial Regex Unneeded();

    [GeneratedRegex("```csharp\r?\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}

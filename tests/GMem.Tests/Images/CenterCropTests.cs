using System.Text.Json;
using System.Text.RegularExpressions;
using GMem.FileFormats;
using GMem.Images;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Images;

/// <summary>
/// Files with <c>targets</c> in their configuration are crops of ADM, files with <c>resize</c> those of torchvision, files with <c>size</c>
/// conversions.
/// </summary>
public sealed partial class CenterCropTests
{
    private const string Folder = "images";

    [Fact]
    public void Reference_EveryFile_IsReadByACase()
    {
        IReadOnlyList<string> files = ReferenceFolder.Files(Folder);
        ReferenceFolder.RequireCases(Folder, files, "files");
        foreach (string path in files)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.True(IsAdm(file) || IsBilinear(file) || IsConversion(file), $"no test reads '{path}'");
        }
    }

    [Fact]
    public void Apply_ReferenceImages_GivesTheBytesOfPillow()
    {
        List<string> cases = [];
        foreach (SafetensorsFile file in Open(IsAdm))
        {
            using SafetensorsFile open = file;
            using DisposeScope scope = torch.NewDisposeScope();
            foreach (SafetensorsEntry input in file.Entries.Where(e => e.Name.EndsWith(".input", StringComparison.Ordinal)))
            {
                RgbImage image = TestImages.FromRows(file.Read(input.Name));
                foreach (int size in file.Config().GetProperty("targets").EnumerateArray().Select(t => t.GetInt32()))
                {
                    if (CheckAdm(file, input.Name[..^".input".Length], image, size))
                    {
                        cases.Add(file.Path);
                    }
                }
            }
        }

        ReferenceFolder.RequireCases(Folder, cases, "centre crops", inSmallSet: false);
    }

    [Fact]
    public void ApplyBilinear_ReferenceImages_GivesTheBytesOfPillow()
    {
        List<string> cases = [];
        foreach (SafetensorsFile file in Open(IsBilinear))
        {
            using SafetensorsFile open = file;
            using DisposeScope scope = torch.NewDisposeScope();
            foreach (SafetensorsEntry entry in file.Entries)
            {
                Match match = BilinearName().Match(entry.Name);
                if (!match.Success)
                {
                    Assert.True(entry.Name.EndsWith(".input", StringComparison.Ordinal) || entry.Name.EndsWith(
                        "_size_wh", StringComparison.Ordinal), $"no test reads '{entry.Name}' of '{file.Path}'");
                    continue;
                }

                string name = match.Groups["image"].Value;
                int resize = int.Parse(match.Groups["resize"].ValueSpan);
                RgbImage image = TestImages.FromRows(file.Read($"{name}.input"));
                Same(CenterCrop.ApplyBilinear(image, resize, int.Parse(match.Groups["crop"].ValueSpan)), file, entry.Name);
                if (file.Contains($"{name}.resize{resize}_size_wh"))
                {
                    (int width, int height) = CenterCrop.BilinearSize(image, resize);
                    Assert.Equal<long>([width, height], file.Read($"{name}.resize{resize}_size_wh").data<long>().ToArray());
                }

                cases.Add(file.Path);
            }
        }

        ReferenceFolder.RequireCases(Folder, cases, "bilinear crops", inSmallSet: false);
    }

    [Fact]
    public void Apply_ImageOfTheSize_ReturnsIt()
    {
        RgbImage image = TestImages.Pattern(32, 32);
        Assert.Same(image, CenterCrop.Apply(image, 32));
    }

    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(100_000, 1)]
    [InlineData(3, 50_001)]
    public void Apply_LongThinImage_ComputesOnlyTheCrop(int width, int height)
    {
        RgbImage image = new(width, height, new byte[width * height * 3]);
        Array.Fill(image.Pixels, (byte)77);
        Assert.All(CenterCrop.Apply(image, 64).Pixels, p => Assert.Equal(77, p));
    }

    [Fact]
    public void Apply_SizeBelowOne_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CenterCrop.Apply(TestImages.Pattern(4, 4), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => CenterCrop.ApplyBilinear(TestImages.Pattern(4, 4), 4, 8));
    }

    private static bool CheckAdm(SafetensorsFile file, string name, RgbImage image, int size)
    {
        if (!file.Contains($"{name}.crop{size}"))
        {
            return false;
        }

        RgbImage halved = CenterCrop.Halve(new PixelView(image), size) ?? image;
        (int width, int height) = CenterCrop.ScaledSize(halved.Width, halved.Height, size);
        if (file.Config().TryGetProperty("stages", out JsonElement stages)
            && stages.TryGetProperty($"{name}.crop{size}", out JsonElement stage))
        {
            Assert.Equal([halved.Width, halved.Height], stage.GetProperty("box_sizes_wh").EnumerateArray().Last().EnumerateArray().Select(
                v => v.GetInt32()));
            Assert.Equal([width, height], stage.GetProperty("bicubic_size_wh").EnumerateArray().Select(v => v.GetInt32()));
        }

        if (file.Contains($"{name}.box{size}"))
        {
            Same(halved, file, $"{name}.box{size}");
        }

        if (file.Contains($"{name}.bicubic{size}"))
        {
            Same(PillowResize.Resize(new PixelView(halved), width, height, ResampleFilter.Bicubic), file, $"{name}.bicubic{size}");
        }

        Same(CenterCrop.Apply(image, size), file, $"{name}.crop{size}");
        return true;
    }

    private static void Same(RgbImage actual, SafetensorsFile file, string name)
    {
        RgbImage expected = TestImages.FromRows(file.Read(name));
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.True(expected.Pixels.AsSpan().SequenceEqual(actual.Pixels), $"{name} of '{file.Path}' differs");
    }

    private static bool IsAdm(SafetensorsFile file) => file.Config().TryGetProperty("targets", out _);

    private static bool IsBilinear(SafetensorsFile file) => file.Config().TryGetProperty("resize", out _);

    internal static bool IsConversion(SafetensorsFile file) => file.Config().TryGetProperty("size", out _);

    internal static IEnumerable<SafetensorsFile> Open(Func<SafetensorsFile, bool> wanted)
    {
        foreach (string path in ReferenceFolder.Files(Folder))
        {
            SafetensorsFile file = SafetensorsFile.Open(path);
            if (wanted(file))
            {
                yield return file;
            }
            else
            {
                file.Dispose();
            }
        }
    }

    [GeneratedRegex(@"^(?<image>.+)\.resize(?<resize>\d+)_crop(?<crop>\d+)$")]
    private static partial Regex BilinearName();
}

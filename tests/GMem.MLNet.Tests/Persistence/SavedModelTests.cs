using GMem.FileFormats;
using GMem.Tests.Shared;
using Microsoft.ML;
using TorchSharp;

namespace GMem.MLNet.Tests.Persistence;

/// <summary>Models that earlier versions wrote, one of each format version, with what they generated then.</summary>
public sealed class SavedModelTests
{
    /// <summary>
    /// Grey levels, of 255. The pixels were recorded on one CPU; on another the matrix products sum in another order, which moves a pixel
    /// near a boundary by a level, and after 8 solver steps by a second one at most.
    /// </summary>
    private const int Tolerance = 2;

    public static TheoryData<string> Formats =>
        [.. Directory.EnumerateFiles(Folder, "*.zip").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Persistence", "Saved");

    [Theory]
    [MemberData(nameof(Formats))]
    public void Load_AModelOfAnEarlierVersion_GeneratesWhatItDidThen(string format)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        string path = Path.Combine(Folder, $"{format}.zip");
        using SafetensorsFile recorded = SafetensorsFile.Open(Path.ChangeExtension(path, ".safetensors"));
        using GMemTransformer model = GMemTransformer.Load(path, new MLContext());
        float[] snippet = [.. Enumerable.Range(1, model.Memory.Dimension).Select(i => (float)i)];
        IReadOnlyList<GeneratedImage> images = model.Model.Generate([new(1), new(2, 7), new(3, Snippet: snippet)]);

        Assert.Equal(recorded.Read("indices").data<long>().ToArray(), images.MemoryIndices);
        using torch.Tensor difference = (images.Pixels.to(torch.int32) - recorded.Read("pixels").to(torch.int32)).abs().max();
        Assert.InRange(difference.item<int>(), 0, Tolerance);
        Assert.Equal("pca", model.Model.Encoder!.Kind.Name);
    }

    [Fact]
    public void Formats_OfAllVersions_AreSmall()
    {
        Assert.NotEmpty(Formats);
        Assert.All(Directory.EnumerateFiles(Folder), f => Assert.InRange(new FileInfo(f).Length, 1, 100_000));
    }
}

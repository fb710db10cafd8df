using System.Text.Json;
using GMem.Encoders.DinoV2;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Encoders.DinoV2;

public sealed class DinoV2OptionsTests
{
    public static TheoryData<string> Presets =>
        [nameof(DinoV2Options.VitS14), nameof(DinoV2Options.VitB14), nameof(DinoV2Options.VitL14), nameof(DinoV2Options.VitG14)];

    [Fact]
    public void StateDict_OfPublishedModels_HasTheirNamesAndShapes()
    {
        IReadOnlyList<string> tables = DinoV2Reference.KeyTables();
        foreach (string path in tables)
        {
            Dictionary<string, long[]> expected = KeyTable.Read(path);
            DinoV2Options inferred = DinoV2Inference.FromShapes(expected, path);
            KeyTable.RequireEqual(expected, Shapes(inferred), Path.GetFileName(path));
        }

        ReferenceFolder.RequireCases(DinoV2Reference.Folder, tables, "key tables");
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void FromShapes_OfEveryPreset_GivesThePreset(string preset)
    {
        foreach (bool registers in new[] { false, true })
        {
            DinoV2Options expected = Preset(preset, registers);
            DinoV2Options inferred = DinoV2Inference.FromShapes(Shapes(expected), preset);
            Assert.Equal(JsonSerializer.Serialize(expected), JsonSerializer.Serialize(inferred));
        }
    }

    [Theory]
    [InlineData(nameof(DinoV2Options.VitB14), false, 86_580_480)] // as the published tables sum up to
    [InlineData(nameof(DinoV2Options.VitB14), true, 86_583_552)]
    [InlineData(nameof(DinoV2Options.VitG14), false, 1_136_480_768)] // "1.1 B" in the paper's table
    public void Parameters_OfPresets_AreAsManyAsPublished(string preset, bool registers, long expected)
    {
        long count = Shapes(Preset(preset, registers)).Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b));
        Assert.Equal(expected, count);
    }

    [Fact]
    public void Validate_SeveralFaults_NamesAllInOneMessage()
    {
        DinoV2Options options = new() { EmbedDim = 770, Heads = 12, ImageSize = 500, RegisterTokens = -1, MlpRatio = 0 };
        ArgumentException error = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Equal(
            "DINOv2 cannot be built: Heads must divide EmbedDim (770); 12 does not; ImageSize must be a multiple of PatchSize (14) up "
            + "to 65536, not 500; "
            + "RegisterTokens must be 0 to 1024, not -1; MlpRatio must be above 0 and at most 64, not 0.",
            error.Message);
    }

    [Fact]
    public void FromShapes_OtherModels_AreRefusedWithWhatTheyHold()
    {
        Dictionary<string, long[]> other = new() { ["embeddings.cls_token"] = [1, 1, 768] };
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => DinoV2Inference.FromShapes(other, "model.safetensors"));
        Assert.Contains("'model.safetensors' does not hold an official DINOv2 state dictionary", error.Message, StringComparison.Ordinal);
        Assert.Contains("embeddings.cls_token [1, 1, 768]", error.Message, StringComparison.Ordinal);

        Dictionary<string, long[]> odd = new() { ["pos_embed"] = [1, 26, 40], ["patch_embed.proj.weight"] = [40, 3, 14, 14] };
        error = Assert.Throws<InvalidDataException>(() => DinoV2Inference.FromShapes(odd, "odd.safetensors"));
        Assert.Contains("Pass DinoV2Options with its number of heads", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blocks.2147483647.x", 64, 14, "Depth must be 1 to 1024")]
    [InlineData("x", 1L << 40, 14, "EmbedDim must be 1 to 16384")]
    [InlineData("x", 64, 0, "PatchSize must be 1 to 1024")]
    public void FromShapes_HostileNamesAndSizes_AreRefused(string name, long width, long patch, string expected)
    {
        Dictionary<string, long[]> shapes =
            new() { ["pos_embed"] = [1, 26, 64], ["patch_embed.proj.weight"] = [width, 3, patch, patch], [name] = [1] };
        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => DinoV2Inference.FromShapes(shapes, "f")).Message, StringComparison.Ordinal);
    }

    private static DinoV2Options Preset(string name, bool registers) =>
        (DinoV2Options)typeof(DinoV2Options).GetMethod(name)!.Invoke(null, [registers])!;

    private static Dictionary<string, long[]> Shapes(DinoV2Options options)
    {
        using DinoVisionTransformer network = new(options, WeightPlacement.Meta);
        return WeightsFile.Shapes(network.state_dict());
    }
}

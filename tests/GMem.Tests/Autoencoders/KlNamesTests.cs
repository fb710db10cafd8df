using System.Text.Json;
using GMem.Autoencoders;
using GMem.Autoencoders.Kl;
using GMem.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class KlNamesTests
{
    [Fact]
    public void StateDict_OfPublishedModels_HasTheirNamesAndShapes()
    {
        IReadOnlyList<string> tables = KlReference.KeyTables();
        foreach (string path in tables)
        {
            Dictionary<string, long[]> expected = KeyTable.Read(path);
            KlAutoencoderOptions inferred = KlInference.FromShapes(expected, path);
            KeyTable.RequireEqual(expected, Shapes(inferred), Path.GetFileName(path));
            KlAutoencoderOptions[] presets = [KlAutoencoderOptions.VaVae(), KlAutoencoderOptions.Mar()];
            foreach (KlAutoencoderOptions preset in presets.Where(
                p => (p.BaseChannels, p.LatentChannels) == (inferred.BaseChannels, inferred.LatentChannels)))
            {
                Assert.Equal(JsonSerializer.Serialize(preset), JsonSerializer.Serialize(inferred));
            }
        }

        ReferenceFolder.RequireCases(KlReference.Folder, tables, "key tables");
    }

    [Fact]
    public void KeyMaps_BothDiffusersNamings_GiveOurNamesAndShapes()
    {
        List<string> rows = [];
        foreach (string path in KlReference.KeyMaps())
        {
            Row[] map = JsonSerializer.Deserialize<Row[]>(File.ReadAllText(path), JsonSerializerOptions.Web)!;
            Dictionary<string, long[]> expected = map.ToDictionary(r => r.Ldm, r => r.Ldm_shape);
            KlAutoencoderOptions inferred = KlInference.FromShapes(expected, path);
            KeyTable.RequireEqual(expected, Shapes(inferred), Path.GetFileName(path));
            KeyTable.RequireEqual(expected, Normalized(map, r => r.Diffusers), $"{Path.GetFileName(path)}: diffusers");
            KeyTable.RequireEqual(expected, Normalized(map, r => r.Diffusers_old), $"{Path.GetFileName(path)}: older diffusers");
            rows.AddRange(map.Select(_ => path));
        }

        ReferenceFolder.RequireCases(KlReference.Folder, rows, "rows of key maps");
    }

    [Fact]
    public void FromShapes_OfStableDiffusion_GivesThePreset()
    {
        KlAutoencoderOptions preset = KlAutoencoderOptions.StableDiffusion();
        Dictionary<string, long[]> shapes = Shapes(preset);
        Assert.Equal(JsonSerializer.Serialize(preset), JsonSerializer.Serialize(KlInference.FromShapes(shapes, "sd")));
        Assert.Equal(83_653_863, shapes.Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b))); // the published number of values
    }

    [Theory]
    [InlineData("encoder.down.2147483647.block.0.conv1.weight", 32, "holds no usable KL autoencoder: 32 channels in")]
    [InlineData("encoder.down.0.block.2147483647.conv1.weight", 32, "ResidualBlocks must be 1 to 64")]
    [InlineData("encoder.x", 0, "0 channels")]
    [InlineData("encoder.x", 33, "multiple of 32")]
    public void FromShapes_HostileNamesAndSizes_AreRefused(string name, long channels, string expected)
    {
        Dictionary<string, long[]> shapes = new()
        {
            ["encoder.conv_in.weight"] = [channels, 3, 3, 3],
            ["encoder.conv_out.weight"] = [8, 32, 3, 3],
            ["quant_conv.weight"] = [8, 8, 1, 1],
            ["post_quant_conv.weight"] = [4, 4, 1, 1],
            ["encoder.down.0.block.0.conv1.weight"] = [Math.Max(1, channels), 32, 3, 3],
            [name] = [1],
        };
        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => KlInference.FromShapes(shapes, "f")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Normalize_PrefixedWholeModel_KeepsTheFirstStageAlone()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = new()
        {
            ["first_stage_model.encoder.conv_in.weight"] = torch.zeros(1),
            ["first_stage_model.loss.logvar"] = torch.zeros(1),
            ["model.diffusion_model.out.weight"] = torch.zeros(1),
            ["encoder.conv_in.weight"] = torch.zeros(1),
        };
        Assert.Equal(["encoder.conv_in.weight"], KlStateDict.Normalize(tensors).Keys);
        tensors.Remove("first_stage_model.encoder.conv_in.weight");
        tensors.Remove("first_stage_model.loss.logvar");
        tensors["foundation_model.x"] = torch.zeros(1);
        Assert.Equal(["encoder.conv_in.weight"], KlStateDict.Normalize(tensors).Keys);
    }

    [Fact]
    public void Normalize_TwoNamesForOneTensor_IsRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = new()
        {
            ["encoder.down_blocks.0.resnets.0.conv1.bias"] = torch.zeros(1),
            ["encoder.mid_block.attentions.0.to_q.bias"] = torch.zeros(1),
            ["encoder.mid_block.attentions.0.query.bias"] = torch.zeros(1),
        };
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => KlStateDict.Normalize(tensors));
        Assert.Equal("Two tensors in the file map to 'encoder.mid.attn_1.q.bias'; one of them is "
            + "'encoder.mid_block.attentions.0.query.bias'.", error.Message);
    }

    [Theory]
    [InlineData("encoder.down_blocks.1.attentions.0.to_out.0.weight", "encoder.down.1.attn.0.proj_out.weight")]
    [InlineData("decoder.up_blocks.0.upsamplers.0.conv.bias", "decoder.up.3.upsample.conv.bias")]
    [InlineData("decoder.up_blocks.3.resnets.2.conv_shortcut.weight", "decoder.up.0.block.2.nin_shortcut.weight")]
    [InlineData("encoder.mid_block.attentions.0.spatial_norm.weight", "encoder.mid_block.attentions.0.spatial_norm.weight")]
    [InlineData("encoder.conv_in", "encoder.conv_in")]
    public void ToLatentDiffusion_OneName_IsTranslatedOrLeft(string name, string expected)
    {
        Assert.Equal(expected, DiffusersNames.ToLatentDiffusion(name, levels: 4));
    }

    private static Dictionary<string, long[]> Normalized(Row[] map, Func<Row, string> name)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return WeightsFile.Shapes(KlStateDict.Normalize(map.ToDictionary(name, r => torch.empty(r.Diffusers_shape, device: torch.META))));
    }

    private static Dictionary<string, long[]> Shapes(KlAutoencoderOptions options)
    {
        using KlNetwork network = new(options, WeightPlacement.Meta);
        return WeightsFile.Shapes(network.state_dict());
    }

    private sealed record Row(string Ldm, long[] Ldm_shape, string Diffusers, long[] Diffusers_shape, string Diffusers_old);
}

using GMem.Encoders;
using GMem.Encoders.DinoV2;
using GMem.FileFormats;
using GMem.Tests.Parts;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Encoders.DinoV2;

public sealed class DinoV2EncoderTests
{
    [Theory]
    [InlineData(256, 256, false, 16, 16)]
    [InlineData(511, 511, false, 16, 16)]
    [InlineData(512, 512, true, 32, 32)]
    [InlineData(32, 32, false, 16, 16)] // the public code makes an image of side 0 of it
    [InlineData(32, 32, true, 16, 16)]
    [InlineData(320, 288, true, 16, 16)] // squeezed, as by the public code
    [InlineData(320, 288, false, 18, 16)] // 17.8 patches are 18
    [InlineData(256, 1024, false, 16, 64)]
    [InlineData(256, 1024, true, 64, 64)]
    [InlineData(1, 3, false, 16, 48)]
    public void Grid_OfImages_FollowsTheShorterSideOrTheWidth(long height, long width, bool squeeze, long rows, long columns)
    {
        Assert.Equal((rows, columns), DinoV2Preprocessing.Grid(height, width, new DinoV2Options { SqueezeToSquare = squeeze }));
    }

    [Fact]
    public void EncodeWithPatches_ImagesOfEveryShape_GivesUnitSnippetsAndATokenAPatch()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(Tiny(), seed: 1);
        foreach ((long height, long width, long tokens) in new[] { (32L, 32L, 256L), (40L, 20L, 512L), (256L, 300L, 16L * 19) })
        {
            (torch.Tensor snippets, torch.Tensor patches) = encoder.EncodeWithPatches(Images(2, height, width));
            Assert.Equal([2, encoder.Dimension], snippets.shape);
            Assert.Equal([2, tokens, encoder.Dimension], patches.shape);
            Assert.All(snippets.norm(1).data<float>().ToArray(), norm => Assert.Equal(1, norm, 1e-5));
        }
    }

    [Fact]
    public void Encode_MoreImagesThanASlice_EqualsOneByOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(Tiny(), seed: 1);
        torch.Tensor images = Images(5, 48, 48);
        torch.Tensor whole = encoder.Encode(images);
        encoder.SliceSize = 2;
        torch.Tensor sliced = encoder.Encode(images);
        Assert.True((whole - sliced).abs().max().item<float>() < 1e-6);
        Assert.True((whole[0] - whole[1]).abs().max().item<float>() > 1e-3, "different images have the same snippet");
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.SliceSize = 0);
    }

    [Fact]
    public void Encode_SquareImages_AreNotAffectedBySqueezing()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        DinoV2Options squeezing = Tiny();
        squeezing = squeezing with { SqueezeToSquare = true };
        using DinoV2Encoder keeps = DinoV2Encoder.CreateRandom(Tiny(), seed: 1);
        using DinoV2Encoder squeezes = DinoV2Encoder.CreateRandom(squeezing, seed: 1);
        torch.Tensor square = Images(1, 64, 64), wide = Images(1, 64, 96);
        Assert.True(keeps.Encode(square).equal(squeezes.Encode(square)).all().item<bool>());
        Assert.False(keeps.Encode(wide).equal(squeezes.Encode(wide)).all().item<bool>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_WhatWasSaved_EncodesAlike(bool registers)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        DinoV2Options options = Tiny() with { RegisterTokens = registers ? 4 : 0, SwiGlu = registers, SqueezeToSquare = registers };
        using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(options, seed: 1);
        using SnippetEncoder again = PartCopy.Of<SnippetEncoder>(encoder);
        torch.Tensor images = Images(1, 40, 20);
        Assert.IsType<DinoV2Encoder>(again);
        Assert.True(encoder.Encode(images).equal(again.Encode(images)).all().item<bool>());
    }

    [Theory]
    [InlineData("{", "JSON")]
    [InlineData("null", "JSON object")]
    [InlineData("{\"Depth\": 0}", "Depth")]
    [InlineData("{\"Deepness\": 1}", "Deepness")]
    public void Load_UnusableSettings_AreRefusedByName(string configuration, string fault)
    {
        using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(Tiny(), seed: 1);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => PartCopy.Of(encoder, configuration));
        Assert.StartsWith("The ", error.Message, StringComparison.Ordinal);
        Assert.Contains(" part ", error.Message, StringComparison.Ordinal);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DinoV2_OfACheckpoint_InfersItAndBringsThePositionsToSixteen()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("model.safetensors");
        using (DinoVisionTransformer network = new(Published(), new WeightPlacement(torch.CPU, torch.ScalarType.Float32)))
        {
            RandomWeights.Fill(network, seed: 1);
            SafetensorsWriter.Write(path, network.state_dict());
        }

        using DinoV2Encoder encoder = SnippetEncoder.DinoV2(path);
        Assert.Equal(64, encoder.Dimension);
        Assert.Equal([1, 257, 64], encoder.SaveTensors()["pos_embed"].shape);
        using DinoV2Encoder loadedInDouble = DinoV2Encoder.Load(path, dataType: torch.ScalarType.Float64);
        using DinoV2Encoder inDouble = PartCopy.Of(loadedInDouble);
        Assert.Equal(torch.ScalarType.Float64, inDouble.SaveTensors()["norm.weight"].dtype);
        torch.Tensor images = Images(1, 32, 32);
        Assert.True((encoder.Encode(images) - inDouble.Encode(images)).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void Load_TensorsThatDoNotFit_NamesEveryOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("model.safetensors");
        using DinoVisionTransformer network = new(Published(), new WeightPlacement(torch.CPU, torch.ScalarType.Float32));
        RandomWeights.Fill(network, seed: 1);
        Dictionary<string, torch.Tensor> tensors = network.state_dict();
        tensors.Remove("norm.bias");
        tensors.Remove("blocks.0.ls1.gamma");
        tensors["head.weight"] = torch.zeros(2, 2);
        tensors["cls_token"] = torch.zeros(1, 1, 63);
        tensors["norm.weight"] = torch.zeros(64, dtype: torch.int64);
        SafetensorsWriter.Write(path, tensors);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => DinoV2Encoder.Load(path));
        Assert.Equal(
            $"The weights in '{path}' do not fit the DinoVisionTransformer: 'blocks.0.ls1.gamma' is missing; 'cls_token' is [1, 1, 63], "
            + "expected [1, 1, 64]; "
            + "'head.weight' is unexpected; 'norm.bias' is missing; 'norm.weight' is Int64, expected Float32. Build it with the options "
            + "of that checkpoint.",
            error.Message);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Load_FilesThatCannotBeRead_SayWhy()
    {
        using TemporaryFolder folder = new();
        string absent = folder.File("absent.safetensors"), other = folder.File("model.onnx");
        File.WriteAllText(other, "x");
        Assert.Contains(
            absent, Assert.Throws<FileNotFoundException>(() => SnippetEncoder.DinoV2(absent)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'.onnx'", Assert.Throws<NotSupportedException>(() => SnippetEncoder.DinoV2(other)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot compute in Int32", Assert.Throws<ArgumentException>(
            () => DinoV2Encoder.Load(other, dataType: torch.ScalarType.Int32)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "cannot compute in BFloat16 on the CPU",
            Assert.Throws<ArgumentException>(() => DinoV2Encoder.Load(other, dataType: torch.ScalarType.BFloat16)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_WrongTensors_AreRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(Tiny(), seed: 1);
        Assert.Equal(
            "Images must be uint8 [B, 3, H, W] with at least one image; got Float32 [1, 3, 32, 32]. (Parameter 'images')",
            Assert.Throws<ArgumentException>(() => encoder.Encode(torch.zeros(1, 3, 32, 32))).Message);
        Assert.Throws<ArgumentException>(() => encoder.Encode(torch.zeros(1, 4, 32, 32, dtype: torch.uint8)));
        Assert.Throws<ArgumentException>(() => encoder.Encode(torch.zeros(0, 3, 32, 32, dtype: torch.uint8)));
        Assert.Contains(
            "20000 x 1 pixels would have 5,120,000 tokens",
            Assert.Throws<ArgumentException>(() => encoder.Encode(torch.zeros(1, 3, 1, 20000, dtype: torch.uint8))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "multiples of its patch size 14; got [1, 3, 28, 30]",
            Assert.Throws<ArgumentException>(() => encoder.Network.Forward(torch.zeros(1, 3, 28, 30))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encoder_MadeUsedAndDisposed_LeavesNoTensor()
    {
        using torch.Tensor images = Images(3, 32, 32);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (DinoV2Encoder encoder = DinoV2Encoder.CreateRandom(Tiny(), seed: 1))
        {
            encoder.SliceSize = 2;
            long made = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (encoder.Encode(images))
            {
                Assert.Equal(made + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            }
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Encoder_MadeInAScope_OutlivesIt()
    {
        DinoV2Encoder encoder;
        using (torch.NewDisposeScope())
        {
            encoder = DinoV2Encoder.CreateRandom(Tiny(), seed: 1);
        }

        using (encoder)
        using (torch.Tensor images = Images(1, 32, 32))
        using (torch.Tensor snippet = encoder.Encode(images))
        {
            Assert.Equal([1, 64], snippet.shape);
        }
    }

    private static DinoV2Options Tiny() => new() { EmbedDim = 64, Depth = 2, Heads = 2, ImageSize = 224 };

    /// <summary>Of the layout that inference knows: 64 channels a head; positions for 37 x 37 patches.</summary>
    private static DinoV2Options Published() => new() { EmbedDim = 64, Depth = 1, Heads = 1 };

    private static torch.Tensor Images(long count, long height, long width)
    {
        using torch.Generator generator = new(7, torch.CPU);
        return torch.randint(0, 256, [count, 3, height, width], dtype: torch.uint8, generator: generator);
    }
}

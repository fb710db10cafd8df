using System.Text.Json;
using GMem.Autoencoders;
using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Parts;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class KlAutoencoderTests
{
    [Fact]
    public void EncodeAndDecode_InSlices_EqualTheWhole()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        torch.Tensor images = Images(3, 16, 24);
        torch.Tensor latents = autoencoder.Encode(images), decoded = autoencoder.Decode(latents);
        Assert.Equal([3, 4, 4, 6], latents.shape);
        Assert.Equal(images.shape, decoded.shape);
        Assert.Equal(torch.ScalarType.Byte, decoded.dtype);
        autoencoder.SliceSize = 1;
        Assert.True((autoencoder.Encode(images) - latents).abs().max().item<float>() < 1e-5);
        Assert.True((autoencoder.Decode(latents).to(torch.int32) - decoded.to(torch.int32)).abs().max().item<int>() <= 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => autoencoder.SliceSize = 0);
    }

    [Fact]
    public void EncodeAndDecode_InTiles_AreExactForOneTileAndCloseForSeveral()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        torch.Tensor images = Images(1, 64, 48);
        torch.Tensor latents = autoencoder.Encode(images), decoded = autoencoder.Decode(latents);
        autoencoder.TileSize = 64;
        Assert.True(autoencoder.Encode(images).equal(latents).all().item<bool>());
        autoencoder.TileSize = 48;
        torch.Tensor tiled = autoencoder.Encode(images), tiledDecoded = autoencoder.Decode(latents);
        Assert.Equal(latents.shape, tiled.shape);
        Assert.Equal(decoded.shape, tiledDecoded.shape);
        Assert.False(tiled.equal(latents).all().item<bool>(), "one tile or several made no difference");
        Assert.True(Correlation(tiled, latents) > 0.9, $"tiled latents correlate by {Correlation(tiled, latents)} only");
        Assert.True(Correlation(tiledDecoded, decoded) > 0.9, $"tiled images correlate by {Correlation(tiledDecoded, decoded)} only");
        Assert.Throws<ArgumentOutOfRangeException>(() => autoencoder.TileSize = 24);
    }

    [Fact]
    public void Statistics_OfADataSet_NormaliseBothWaysAndAreSaved()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        torch.Tensor images = Images(4, 16, 16);
        torch.Tensor raw = autoencoder.Encode(images), decoded = autoencoder.Decode(raw);
        autoencoder.Statistics = autoencoder.ComputeStatistics([images.narrow(0, 0, 3), images.narrow(0, 3, 1)]);
        torch.Tensor normal = autoencoder.Encode(images);
        Assert.True(normal.mean([0, 2, 3]).abs().max().item<float>() < 1e-4);
        Assert.True(normal.std([0, 2, 3], unbiased: false).Plus(-1).abs().max().item<float>() < 1e-4);
        Assert.True((autoencoder.Decode(normal).to(torch.int32) - decoded.to(torch.int32)).abs().max().item<int>() <= 1);
        Assert.Equal(autoencoder.Statistics.Mean, autoencoder.ComputeStatistics([images]).Mean, (a, b) => Math.Abs(a - b) < 1e-5);
        using KlAutoencoder again = PartCopy.Of(autoencoder);
        Assert.Null(again.Statistics);
        Assert.Equal(autoencoder.Fingerprint(), again.Fingerprint());
        using ImageAutoencoder normalising = again.WithStatistics(autoencoder.Statistics);
        Assert.True(normalising.Encode(images).equal(normal).all().item<bool>());
        Assert.Equal("kl", again.Kind.Name);
        Assert.Throws<ArgumentException>(() => autoencoder.Statistics = LatentStatistics.FromScale(3, 1));
    }

    [Fact]
    public void EncodeSample_WithAGenerator_IsTheMeanPlusItsNoise()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        torch.Tensor images = Images(2, 16, 16);
        torch.Tensor Draw(long seed)
        {
            using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Weights);
            return autoencoder.EncodeSample(images, generator);
        }

        DiagonalGaussian posterior = autoencoder.EncodePosterior(images);
        using torch.Generator same = RandomStream.Create(3, RandomPurpose.Weights);
        torch.Tensor expected = posterior.Mean.Plus(posterior.StandardDeviation * torch.randn(posterior.Mean.shape, generator: same));
        Assert.True((Draw(3) - expected).abs().max().item<float>() < 1e-6);
        Assert.False(Draw(3).equal(Draw(4)).all().item<bool>());
    }

    [Fact]
    public void EncodeSample_NotVariational_IsRefused()
    {
        KlAutoencoderOptions options = Tiny();
        options = options with { Variational = false };
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(options, seed: 1);
        using torch.Tensor images = Images(1, 16, 16);
        using torch.Generator generator = RandomStream.Create(3, RandomPurpose.Weights);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => autoencoder.EncodeSample(images, generator));
        Assert.Equal(
            "This autoencoder is not variational: its encoder gives no variance to sample with. Use Encode.", error.Message);
    }

    [Fact]
    public void Load_PublishedLayout_InfersTheNetworkAndLeavesOutTheRest()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        Dictionary<string, torch.Tensor> tensors = autoencoder.SaveTensors().ToDictionary(t => "first_stage_model." + t.Key, t => t.Value);
        tensors["model.diffusion_model.weight"] = torch.zeros(2);
        SafetensorsWriter.Write(folder.File("vae.safetensors"), tensors);
        using KlAutoencoder again = KlAutoencoder.Load(folder.File("vae.safetensors"));
        torch.Tensor images = Images(1, 16, 16);
        Assert.True(again.Encode(images).equal(autoencoder.Encode(images)).all().item<bool>());
        Assert.Equal((4, 4), (again.DownsamplingFactor, again.Channels));
    }

    [Fact]
    public void Load_TensorsThatDoNotFit_NamesEveryOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TemporaryFolder folder = new();
        string path = folder.File("vae.safetensors");
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        Dictionary<string, torch.Tensor> tensors = new(autoencoder.SaveTensors());
        tensors.Remove("decoder.mid.attn_1.q.bias");
        tensors["encoder.mid.extra"] = torch.zeros(1);
        tensors["encoder.norm_out.bias"] = torch.zeros(7);
        SafetensorsWriter.Write(path, tensors);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => KlAutoencoder.Load(path));
        Assert.Equal(
            $"The weights in '{path}' do not fit the KlNetwork: 'decoder.mid.attn_1.q.bias' is missing; 'encoder.mid.extra' is unexpected; "
            + "'encoder.norm_out.bias' is [7], expected [64]. Build it with the options of that checkpoint.",
            error.Message);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        SafetensorsWriter.Write(
            path, new Dictionary<string, torch.Tensor> { ["x"] = torch.zeros(1), ["encoder.conv_in.weight"] = torch.zeros(32, 3, 3, 3) });
        error = Assert.Throws<InvalidDataException>(() => KlAutoencoder.Load(path));
        Assert.Contains(
            "it lacks encoder.conv_out.weight, quant_conv.weight, post_quant_conv.weight", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_ListChangedAfterwards_KeepWhatTheyWereGiven()
    {
        List<int> multipliers = [1, 2];
        KlAutoencoderOptions options = Tiny() with { ChannelMultipliers = multipliers };
        multipliers[1] = 9;
        Assert.Equal([1, 2], options.ChannelMultipliers);
    }

    [Theory]
    [InlineData("{", "JSON")]
    [InlineData("null", "JSON object")]
    [InlineData("{}", "Network")]
    [InlineData("{\"Network\": null}", "Network")]
    [InlineData("{\"Network\": {\"ResidualBlocks\": 0}}", "ResidualBlocks")]
    [InlineData("{\"Network\": {\"ChannelMultipliers\": null}}", "ChannelMultipliers")]
    [InlineData("{\"Network\": TINY, \"TileSize\": -1}", "The tile")]
    [InlineData("{\"Network\": {}, \"LatentMean\": [1,2,3,4]}", "LatentMean")]
    public void Load_UnusableSettings_AreRefusedByName(string configuration, string fault)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        string settings = configuration.Replace("TINY", JsonSerializer.Serialize(Tiny()), StringComparison.Ordinal);
        string message = Assert.Throws<InvalidDataException>(() => PartCopy.Of(autoencoder, settings)).Message;
        Assert.Contains(" part ", message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Load_SettingsOfOtherChannelsThanTheTensors_NamesTheWeights()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        string other = JsonSerializer.Serialize(Tiny() with { LatentChannels = 8 });
        string message = Assert.Throws<InvalidDataException>(
            () => PartCopy.Of(autoencoder, $"{{\"Network\": {other}, \"TileSize\": 0}}")).Message;
        Assert.StartsWith("The part 'kl' version 1 cannot be loaded: The weights", message, StringComparison.Ordinal);
        Assert.Contains("conv", message, StringComparison.Ordinal);
    }

    [Fact]
    public void EncodeAndDecode_WrongTensors_AreRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1);
        Assert.Equal(
            "Images must be uint8 [B, 3, H, W] with H and W multiples of 4 (crop or scale them); got Byte [1, 3, 16, 18]. (Parameter "
                + "'images')",
            Assert.Throws<ArgumentException>(() => autoencoder.Encode(Images(1, 16, 18))).Message);
        Assert.Throws<ArgumentException>(() => autoencoder.Encode(torch.zeros(1, 3, 16, 16)));
        Assert.Equal(
            "Latents must be floating-point [B, 4, h, w]; got Float32 [1, 3, 2, 2]. (Parameter 'latents')",
            Assert.Throws<ArgumentException>(() => autoencoder.Decode(torch.zeros(1, 3, 2, 2))).Message);
        Assert.Throws<ArgumentException>(() => autoencoder.Decode(torch.zeros(1, 4, 2, 2, dtype: torch.int64)));
    }

    [Fact]
    public void Validate_SeveralFaults_NamesAllInOneMessage()
    {
        KlAutoencoderOptions options = new() { BaseChannels = 40, ResidualBlocks = 0, DecoderAttentionLevels = [4] };
        Assert.Equal(
            "The KL autoencoder cannot be built: BaseChannels must be a multiple of 32 up to 8192, not 40; ResidualBlocks must be 1 to "
            + "64, not 0; "
            + "DecoderAttentionLevels must be levels from 0 to 3.",
            Assert.Throws<ArgumentException>(options.Validate).Message);
        KlAutoencoderOptions none = new() { ChannelMultipliers = null!, EncoderAttentionLevels = null! };
        Assert.Contains("ChannelMultipliers must be 1 to 16 numbers", Assert.Throws<ArgumentException>(
            () => KlAutoencoder.CreateRandom(none, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Autoencoder_MadeUsedAndDisposed_LeavesNoTensor()
    {
        using torch.Tensor images = Images(3, 32, 16);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (KlAutoencoder autoencoder = KlAutoencoder.CreateRandom(Tiny(), seed: 1))
        using (torch.Generator generator = RandomStream.Create(3, RandomPurpose.Weights))
        {
            autoencoder.SliceSize = 2;
            autoencoder.TileSize = 16;
            autoencoder.Statistics = autoencoder.ComputeStatistics([images]);
            long made = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using (torch.Tensor latents = autoencoder.Encode(images))
            using (autoencoder.EncodeSample(images, generator))
            using (autoencoder.EncodePosterior(images))
            using (autoencoder.Decode(latents))
            {
                Assert.Equal(made + 3 + 4, DisposeScopeManager.Statistics.ThreadTotalLiveCount); // a posterior holds four
            }

            Assert.Equal(made, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static KlAutoencoderOptions Tiny() =>
        new() { BaseChannels = 32, ChannelMultipliers = [1, 2, 2], ResidualBlocks = 1, EncoderAttentionLevels = [2] };

    private static double Correlation(torch.Tensor a, torch.Tensor b)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return torch.corrcoef(torch.stack([a.to(torch.float64).flatten(), b.to(torch.float64).flatten()]))[0, 1].item<double>();
    }

    private static torch.Tensor Images(long count, long height, long width)
    {
        using torch.Generator generator = new(7, torch.CPU);
        return torch.randint(0, 256, [count, 3, height, width], dtype: torch.uint8, generator: generator);
    }
}

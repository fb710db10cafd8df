using System.Text.Json;
using GMem.Autoencoders;
using GMem.Autoencoders.Kl;
using GMem.FileFormats;
using GMem.Runtime;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Autoencoders;

public sealed class KlReferenceTests
{
    private const double Absolute = 1e-4;
    private const double Relative = 1e-5;

    [Fact]
    public void Files_All_AreReadBySomeCase()
    {
        string[] read =
        [
            .. KlReference.All().SelectMany(r => r.Weights.Append(r.Io)),
            .. KlReference.Gaussians(), .. KlReference.KeyTables(), .. KlReference.KeyMaps(),
        ];
        ReferenceFolder.RequireCases(KlReference.Folder, read, "files");
        string[] all = [.. ReferenceFolder.Files(KlReference.Folder, "*").Where(f => Path.GetFileName(f) != "README.md")];
        Assert.Equal(all, read.Order(StringComparer.Ordinal));
        Assert.All(KlReference.All(), r => Assert.NotEmpty(r.Weights));
    }

    [Fact]
    public void EncodeAndDecode_AllCases_EqualTheReference()
    {
        List<string> cases = [];
        foreach (KlReference reference in KlReference.All())
        {
            using TrackedFile file = new(reference.Io);
            using DisposeScope weights = torch.NewDisposeScope();
            foreach ((string name, Dictionary<string, torch.Tensor> tensors) in reference.WeightSets())
            {
                using KlAutoencoder autoencoder = Create(tensors, KlReference.Options(file.Config()), name, torch.ScalarType.Float32);
                foreach (string prefix in file.Prefixes("case"))
                {
                    using DisposeScope scope = torch.NewDisposeScope();
                    CompareEncode(file, prefix, autoencoder);
                    ComparePosterior(file, prefix);
                    CompareDecode(file, prefix, autoencoder);
                    cases.Add(reference.Io);
                }

                CompareActivations(file, autoencoder.Network);
            }

            file.AssertAllRead();
        }

        ReferenceFolder.RequireCases(KlReference.Folder, cases, "cases", inSmallSet: false);
    }

    [Fact]
    public void Moments_InDouble_StayDoubleAndEqualTheReference()
    {
        List<string> cases = [];
        foreach (KlReference reference in KlReference.All())
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using TrackedFile file = new(reference.Io);
            (string name, Dictionary<string, torch.Tensor> tensors) = reference.WeightSets()[0];
            using KlAutoencoder autoencoder = Create(tensors, null, name, torch.ScalarType.Float64);
            string prefix = file.Prefixes("case")[0];
            torch.Tensor moments = autoencoder.Network.Moments(file.Read($"{prefix}image").to(torch.float64));
            Assert.Equal(torch.ScalarType.Float64, moments.dtype);
            ReferenceFolder.Close(moments, file.Read($"{prefix}moments"), Absolute, Relative, $"{name}: moments in double");
            torch.Tensor decoded = autoencoder.Network.DecodeImage(file.Read($"{prefix}decode_input").to(torch.float64));
            ReferenceFolder.Close(decoded, file.Read($"{prefix}decode"), Absolute, Relative, $"{name}: decode in double");
            cases.Add(reference.Io);
        }

        ReferenceFolder.RequireCases(KlReference.Folder, cases, "cases in double", inSmallSet: false);
    }

    [Fact]
    public void FromShapes_OfTheReferenceWeights_GivesTheirSettings()
    {
        List<string> cases = [];
        foreach (KlReference reference in KlReference.All())
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using SafetensorsFile io = SafetensorsFile.Open(reference.Io);
            foreach ((string name, Dictionary<string, torch.Tensor> tensors) in reference.WeightSets())
            {
                KlAutoencoderOptions inferred = KlInference.FromShapes(WeightsFile.Shapes(KlStateDict.Normalize(tensors)), name);
                Assert.Equal(JsonSerializer.Serialize(KlReference.Options(io.Config())), JsonSerializer.Serialize(inferred));
                cases.Add(reference.Io);
            }
        }

        ReferenceFolder.RequireCases(KlReference.Folder, cases, "sets of weights", inSmallSet: false);
    }

    private static void CompareEncode(TrackedFile file, string prefix, KlAutoencoder autoencoder)
    {
        torch.Tensor bytes = file.Read($"{prefix}image_u8");
        file.Compare($"{prefix}image", () => autoencoder.ToNetwork(bytes), Absolute, Relative);
        file.Compare($"{prefix}moments", () => autoencoder.Network.Moments(autoencoder.ToNetwork(bytes)), Absolute, Relative);
        torch.Tensor mean = autoencoder.Encode(bytes);
        file.Compare($"{prefix}mean", () => mean, Absolute, Relative);
        DiagonalGaussian posterior = autoencoder.EncodePosterior(bytes);
        file.Compare($"{prefix}logvar", () => posterior.LogVariance, Absolute, Relative);
        file.Compare($"{prefix}reconstruction", () => autoencoder.Network.DecodeImage(mean), Absolute, Relative);
    }

    /// <summary>What follows from the moments, from the recorded ones, so that errors do not add up.</summary>
    private static void ComparePosterior(TrackedFile file, string prefix)
    {
        DiagonalGaussian posterior = new(file.Read($"{prefix}moments"));
        file.Compare($"{prefix}mode", () => posterior.Mean, Absolute, Relative);
        file.Compare($"{prefix}std", () => posterior.StandardDeviation, Absolute, Relative);
        file.Compare($"{prefix}var", () => posterior.Variance, Absolute, Relative);
        file.Compare($"{prefix}kl", () => posterior.KullbackLeibler(), Absolute, Relative);
        if (file.TryRead($"{prefix}noise", out torch.Tensor? noise))
        {
            torch.Tensor sample = posterior.Sample(noise);
            file.Compare($"{prefix}sample", () => sample, Absolute, Relative);
            file.Compare($"{prefix}nll_of_sample", () => posterior.NegativeLogLikelihood(sample), Absolute, Relative);
        }
    }

    private static void CompareDecode(TrackedFile file, string prefix, KlAutoencoder autoencoder)
    {
        torch.Tensor latent = file.Read($"{prefix}decode_input"), decoded = file.Read($"{prefix}decode");
        ReferenceFolder.Close(autoencoder.Network.DecodeImage(latent), decoded, Absolute, Relative, $"{file.Name}: {prefix}decode");
        if (file.TryRead($"{prefix}decode_to_images", out torch.Tensor? images))
        {
            torch.Tensor expected = images.permute(0, 3, 1, 2);
            Assert.True(KlAutoencoder.ToImages(decoded).equal(expected).all().item<bool>(),
                $"{file.Name}: {prefix}decode_to_images of the recorded decode");
            torch.Tensor difference = (autoencoder.Decode(latent).to(torch.int32) - expected.to(torch.int32)).abs();
            torch.Tensor exact = decoded.Times(127.5).Plus(128);
            torch.Tensor atBoundary = (exact - exact.round()).abs().IsBelow(0.02); // 1e-4 of the tolerance above times 127.5
            Assert.True(difference.max().item<int>() <= 1, $"{file.Name}: {prefix}decode_to_images differs by more than 1");
            Assert.True((atBoundary | difference.IsEqualTo(0)).all().item<bool>(),
                $"{file.Name}: {prefix}decode_to_images differs away from an integer boundary");
        }
    }

    /// <summary>
    /// Intermediate results of the first image of the first case; any that is recorded under a name not known here stays unread and fails.
    /// </summary>
    private static void CompareActivations(TrackedFile file, KlNetwork network)
    {
        if (file.Prefixes("acts").Length == 0)
        {
            return;
        }

        using DisposeScope scope = torch.NewDisposeScope();
        string first = file.Prefixes("case")[0];
        void Compare(string name, torch.Tensor actual) => file.Compare($"acts.{name}", () => actual, Absolute, Relative);

        torch.Tensor hidden = network.encoder.conv_in.forward(file.Read($"{first}image").narrow(0, 0, 1));
        Compare("enc_conv_in", hidden);
        Compare("enc_down0_block0", network.encoder.down[0].block[0].forward(hidden));
        for (int i = 0; i < network.encoder.down.Count; i++)
        {
            hidden = network.encoder.down[i].forward(hidden);
            Compare($"enc_down{i}_downsample", hidden);
        }

        hidden = network.encoder.mid.block_1.forward(hidden);
        Compare("enc_mid_block_1", hidden);
        hidden = network.encoder.mid.attn_1.forward(hidden);
        Compare("enc_mid_attn_1", hidden);
        hidden = network.encoder.mid.block_2.forward(hidden);
        Compare("enc_mid_block_2", hidden);
        Compare("enc_out", network.encoder.Finish(hidden));

        hidden = network.post_quant_conv.forward(file.Read($"{first}mean").narrow(0, 0, 1)); // of the reconstruction, not of decode_input
        Compare("dec_post_quant", hidden);
        hidden = network.decoder.conv_in.forward(hidden);
        Compare("dec_conv_in", hidden);
        hidden = network.decoder.mid.attn_1.forward(network.decoder.mid.block_1.forward(hidden));
        Compare("dec_mid_attn_1", hidden);
        hidden = network.decoder.mid.block_2.forward(hidden);
        Compare("dec_mid_block_2", hidden);
        Compare("dec_up_last_upsample", network.decoder.up[^1].forward(hidden));
    }

    private static KlAutoencoder Create(
        IReadOnlyDictionary<string, torch.Tensor> tensors, KlAutoencoderOptions? options, string name, torch.ScalarType type) =>
        KlAutoencoder.Create(tensors, options, name, new WeightPlacement(torch.CPU, type));
}

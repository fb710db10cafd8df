using System.Text;
using CsCheck;
using GMem.Autoencoders;
using GMem.Encoders;
using GMem.Tests.FileFormats;
using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>
/// Whatever a saved model's entries say, the answer is the model or an InvalidDataException, and no more memory than they have bytes and a
/// constant.
/// </summary>
public sealed class ModelDamageTests
{
    [Theory]
    [InlineData("\"depth\": 2", "\"depth\": 2000000000")]
    [InlineData("\"hiddenSize\": 32", "\"hiddenSize\": 2000000000")]
    [InlineData("\"inputSize\": 8", "\"inputSize\": 2000000000")]
    [InlineData("\"imageSize\": 8", "\"imageSize\": 2000000000")]
    [InlineData("\"imageSize\": 8", "\"imageSize\": -8")]
    [InlineData("\"size\": 12", "\"size\": 2000000000")]
    [InlineData("\"patchSize\": 2", "\"patchSize\": 0")]
    [InlineData("\"headCount\": 2", "\"headCount\": 3")]
    [InlineData("\"steps\": 3", "\"steps\": -3")]
    [InlineData("\"path\": \"Linear\"", "\"path\": 77")]
    [InlineData("\"network\": {", "\"network\": null, \"was\": {")]
    [InlineData("\"sampling\": {", "\"sampling\": null, \"was\": {")]
    [InlineData("\"kind\": \"snippet\"", "\"kind\": \"unheard-of\"")]
    [InlineData("\"autoencoder\": {", "\"autoencoder\": null, \"was\": {")]
    [InlineData("\"kind\": \"pixels\"", "\"kind\": \"kl\"")]
    [InlineData("\"kind\": \"pixels\"", "\"kind\": \"pca\"")]
    [InlineData("\"kind\": \"pixels\"", "\"kind\": null")]
    [InlineData("\"configuration\": {}", "\"configuration\": null")]
    [InlineData("\"configuration\": {}", "\"configuration\": { \"x\": 1 }")]
    [InlineData("\"latentStatistics\": null", "\"latentStatistics\": { \"mean\": [0, 0, 0], \"standardDeviation\": [1, 1, 1] }")]
    [InlineData("\"latentStatistics\": null", "\"latentStatistics\": { \"mean\": [0, 0, 0] }")]
    [InlineData("\"imageSize\": 8", "\"imageSize\": 8, \"fresh\": 1")]
    [InlineData("\"projectionSize\": 0", "\"projectionSize\": 2000000000")]
    public void Load_ADescriptionThatDoesNotFit_IsInvalidData(string was, string becomes)
    {
        using GMemModel model = TinyModel.Train(TinyModel.Options(steps: 1));
        MemoryArchive archive = new();
        model.Save(archive);
        string json = Encoding.UTF8.GetString(archive.Entries["model.json"]);
        Assert.Contains(was, json, StringComparison.Ordinal);
        archive.Entries["model.json"] = Encoding.UTF8.GetBytes(json.Replace(was, becomes, StringComparison.Ordinal));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => GMemModel.Load(archive, torch.CPU));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 80L << 20);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_AnyBytesChanged_LoadsOrIsInvalidData(bool latent)
    {
        MemoryArchive good = Saved(latent);
        string[] entries = [.. good.Entries.Keys.Order(StringComparer.Ordinal)];
        Gen<(int Entry, (double At, byte Value)[] Edits, int Cut)> gen =
            Gen.Select(Gen.Int[0, entries.Length - 1], Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[1, 4], Gen.Int[0, 30]);
        gen.Sample(
            change =>
            {
                MemoryArchive archive = new();
                foreach ((string name, byte[] bytes) in good.Entries)
                {
                    archive.Entries.Add(name, bytes);
                }

                // Most bytes are weights, whose change is no damage: the beginnings, where descriptions and headers are, get most of the
                // edits.
                byte[] damaged = [.. good.Entries[entries[change.Entry]]];
                foreach ((double at, byte value) in change.Edits)
                {
                    damaged[(int)(at * at * at * (damaged.Length - 1))] = value;
                }

                archive.Entries[entries[change.Entry]] = change.Cut == 0 ? damaged[..(damaged.Length / 2)] : damaged;
                Try(archive);
            },
            iter: Fuzz.Iterations(latent ? 60 : 300),
            threads: 1);
    }

    private static void Try(MemoryArchive archive)
    {
        try
        {
            using GMemModel model = GMemModel.Load(archive, torch.CPU);
        }
        catch (InvalidDataException)
        {
        }
    }

    private static MemoryArchive Saved(bool latent)
    {
        GMemOptions options = TinyModel.Options(steps: 1);
        using KlAutoencoder autoencoder = TinyEncoders.Kl();
        using SnippetEncoder encoder = TinyEncoders.DinoV2();
        (options.Autoencoder, options.Encoder) = latent ? (autoencoder, encoder) : ((ImageAutoencoder?)null, (SnippetEncoder?)null);
        using GMemModel model = TinyModel.Train(options);
        MemoryArchive archive = new();
        model.Save(archive);
        return archive;
    }
}

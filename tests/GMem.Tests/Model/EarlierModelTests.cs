using GMem.Tests.Shared;
using TorchSharp;

namespace GMem.Tests.Model;

/// <summary>Models that were saved before the format changed load, and make the images that they made then
/// (tests/Fixtures/models).</summary>
public sealed class EarlierModelTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Fixtures", "models");

    [Theory]
    [InlineData("snippet-pixels")]
    [InlineData("snippet-latents")]
    [InlineData("label-pixels")]
    [InlineData("label-latents")]
    [InlineData("none-pixels")]
    [InlineData("none-latents")]
    public void Load_OfAnEarlierModel_MakesTheSameImages(string name)
    {
        using GMemModel model = GMemModel.Load(Path.Combine(Folder, $"{name}.zip"));
        byte[] recorded = File.ReadAllBytes(Path.Combine(Folder, $"{name}.rgb"));
        byte[] actual = [.. TinyModel.Generate(model, Requests(name.Split('-')[0])).SelectMany(image => image)];

        Assert.Equal(recorded.Length, actual.Length);
        Assert.InRange(recorded.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, 1);
        Assert.Equal(name.StartsWith("snippet", StringComparison.Ordinal) ? "pca" : null, model.Encoder?.Kind.Name);
        Assert.Equal(
            name.EndsWith("latents", StringComparison.Ordinal) ? ("kl", 4) : ("pixels", null),
            (model.Autoencoder.Kind.Name, model.Autoencoder.Statistics?.Mean.Count));
        Assert.Equal(30, model.TrainedSteps);
    }

    /// <summary>What was loaded from an earlier file is saved in the format of today.</summary>
    [Fact]
    public void Save_OfAnEarlierModel_LoadsAgain()
    {
        using GMemModel model = GMemModel.Load(Path.Combine(Folder, "snippet-latents.zip"));
        MemoryArchive archive = new();
        model.Save(archive);
        using GMemModel again = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(TinyModel.Generate(model, Requests("snippet")), TinyModel.Generate(again, Requests("snippet")));
        Assert.Equal(model.Autoencoder.Fingerprint(), again.Autoencoder.Fingerprint());
        Assert.Equal(model.Autoencoder.Statistics!.StandardDeviation, again.Autoencoder.Statistics!.StandardDeviation);
        Assert.Equal(model.Encoder!.Fingerprint(), again.Encoder!.Fingerprint());
    }

    private static GenerationRequest[] Requests(string condition) => condition switch
    {
        "snippet" => [new(11), new(12), new(13, PromptLabel: "dog"), new(14, 1)],
        "label" => [new(11), new(12), new(13, PromptLabel: "frog"), new(16)],
        _ => [new(11), new(12), new(13), new(14)],
    };
}

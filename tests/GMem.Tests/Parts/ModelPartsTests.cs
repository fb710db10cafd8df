using GMem.Encoders;
using GMem.Parts;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Tests.Parts;

/// <summary>The registry of kinds. It is one for the process, so every test has kinds of its own.</summary>
public sealed class ModelPartsTests
{
    [Fact]
    public void Kinds_WithoutAnyRegistration_AreTheBuiltInOnes()
    {
        string[] names = [.. ModelParts.Kinds.Select(k => k.Name)];
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.All(["dinov2", "kl", "pca", "pixels"], name => Assert.Contains(name, names));
    }

    [Fact]
    public void Register_OfAKindTwice_IsAnError()
    {
        ModelParts.Register(new PartKind("twice"), Plain.Load);
        ArgumentException error = Assert.Throws<ArgumentException>(() => ModelParts.Register(new PartKind("twice", 2), Plain.Load));
        Assert.StartsWith($"A part of the kind 'twice' is already registered ({typeof(Plain)}).", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ModelParts.Register(new PartKind("pca"), Plain.Load));
        Assert.Throws<ArgumentException>(() => ModelParts.Register(new PartKind(" "), Plain.Load));
        Assert.Throws<ArgumentOutOfRangeException>(() => ModelParts.Register(new PartKind("zero", 0), Plain.Load));
    }

    [Fact]
    public void Register_OnManyThreads_KeepsOneOfAKindAndAllOfDifferentKinds()
    {
        int accepted = 0;
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            ModelParts.Register(new PartKind($"crowd-{i}"), Plain.Load);
            try
            {
                ModelParts.Register(new PartKind("crowd"), Plain.Load);
                Interlocked.Increment(ref accepted);
            }
            catch (ArgumentException)
            {
            }

            Assert.Equal(1, Load<Plain>($"crowd-{i}", "{\"level\":1}").Level);
        });
        Assert.Equal(1, accepted);
        Assert.Equal(65, ModelParts.Kinds.Count(k => k.Name.StartsWith("crowd", StringComparison.Ordinal)));
    }

    [Fact]
    public void Load_OfAnUnknownKind_NamesItAndTheCallThatRegistersIt()
    {
        string error = Assert.Throws<InvalidDataException>(() => Load<Plain>("never", "{}")).Message;
        Assert.StartsWith(
            "The model's Plain is of the kind 'never', which is not registered. "
                + "Before loading, call ModelParts.Register(new PartKind(\"never\"), saved => ...)",
            error,
            StringComparison.Ordinal);
        Assert.Contains("pca", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfAnotherType_SaysWhatTheKindIs() => Assert.Equal(
        "The part 'pca' is a PcaEncoder, but the model needs a Plain there.",
        Assert.Throws<InvalidDataException>(() => Load<Plain>("pca", "{}")).Message);

    [Fact]
    public void Load_OfANewerVersion_SaysBothVersions()
    {
        ModelParts.Register(new PartKind("aged", 2), Plain.Load);
        Assert.Equal(2, Load<Plain>("aged", "{\"level\":2}", version: 1).Level);
        Assert.Equal(2, Load<Plain>("aged", "{\"level\":2}", version: 2).Level);
        Assert.Equal(
            "The model has the part 'aged' version 3, but this program reads versions 1 to 2; update the package that has it.",
            Assert.Throws<InvalidDataException>(() => Load<Plain>("aged", "{\"level\":2}", version: 3)).Message);
    }

    [Theory]
    [InlineData("{\"level\":1,\"colour\":2}", "The setting 'colour' is not known to this version.")]
    [InlineData("{}", "level")]
    [InlineData("{\"level\":\"high\"}", "$.level")]
    [InlineData("{\"level\":-1}", "The level is below 0.")]
    public void Load_SettingsThatDoNotFit_NamesThem(string configuration, string part)
    {
        string kind = $"strict {configuration}";
        ModelParts.Register(new PartKind(kind), Plain.Load);
        string error = Assert.Throws<InvalidDataException>(() => Load<Plain>(kind, configuration)).Message;
        Assert.StartsWith($"The part '{kind}' version 1 cannot be loaded: ", error, StringComparison.Ordinal);
        Assert.Contains(part, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("{")]
    public void Parse_WhatIsNoObject_IsRefused(string json) => Assert.Throws<InvalidDataException>(() => PartConfiguration.Parse(json));

    [Fact]
    public void Configuration_WrittenAndRead_IsTheSame()
    {
        PartConfiguration written = PartConfiguration.From(new Several(0.1f, double.NaN, [1, 2], DayOfWeek.Friday, null));
        Assert.Equal("{\"factor\":0.1,\"none\":\"NaN\",\"many\":[1,2],\"day\":\"Friday\",\"name\":null}", written.ToString());
        Assert.Equal(written.ToString(), PartConfiguration.Parse(written.ToString()).ToString());
        Several read = written.Read<Several>();
        Assert.Equal((0.1f, DayOfWeek.Friday), (read.Factor, read.Day));
        Assert.True(double.IsNaN(read.None));
        Assert.Equal("{}", PartConfiguration.Empty.ToString());
        Assert.Throws<ArgumentException>(() => PartConfiguration.From(5));
    }

    [Fact]
    public void Fingerprint_FollowsKindSettingsAndTensors()
    {
        using torch.Tensor zeros = torch.zeros(2), ones = torch.ones(2);
        string[] prints =
        [
            new Plain("a", 1, zeros).Fingerprint(), new Plain("a", 2, zeros).Fingerprint(), new Plain("b", 1, zeros).Fingerprint(),
            new Plain("a", 1, ones).Fingerprint(), new Plain("a", 1, null).Fingerprint(),
        ];
        Assert.Equal(prints.Length, prints.Distinct().Count());
        Assert.All(prints, print => Assert.Matches("^[0-9a-f]{64}$", print));
        Assert.Equal(prints[0], new Plain("a", 1, zeros).Fingerprint());
    }

    [Fact]
    public void AddUse_AfterTheLastUse_IsRefusedAndFreesOnce()
    {
        Shared part = new();
        part.AddUse();
        part.Dispose();
        part.Dispose();
        Assert.Equal(0, part.Freed);
        part.Release();
        Assert.Equal(1, part.Freed);
        Assert.Throws<ObjectDisposedException>(part.AddUse);
    }

    [Fact]
    public async Task Use_OfAPartThatIsNotThreadSafe_IsOneThreadAtATime()
    {
        Shared part = new();
        int inside = 0, most = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            using UseScope use = part.Use();
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Thread.Sleep(5);
            _ = Interlocked.Decrement(ref inside);
        })));
        Assert.Equal(1, most);
    }

    private static T Load<T>(string kind, string configuration, int version = 1)
        where T : ModelPart =>
        ModelParts.Load<T>(new SavedPart(
            new PartKind(kind, version), PartConfiguration.Parse(configuration), new Dictionary<string, torch.Tensor>(), torch.CPU));

    private sealed class Plain(string name, int level, torch.Tensor? tensor) : ModelPart
    {
        public int Level => level;

        public override PartKind Kind => new(name);

        public override PartConfiguration SaveConfiguration() => PartConfiguration.From(new Settings { Level = level });

        public override IReadOnlyDictionary<string, torch.Tensor> SaveTensors() =>
            tensor is null ? base.SaveTensors() : new Dictionary<string, torch.Tensor> { ["tensor"] = tensor };

        public static Plain Load(SavedPart saved) => saved.Configuration.Read<Settings>() is { Level: >= 0 and int level }
            ? new Plain(saved.Kind.Name, level, null)
            : throw new ArgumentException("The level is below 0.");
    }

    private sealed class Settings
    {
        public required int Level { get; init; }
    }

    private sealed record Several(float Factor, double None, int[] Many, DayOfWeek Day, string? Name);

    private sealed class Shared : SharedModelPart
    {
        public int Freed { get; private set; }

        public override PartKind Kind => new("shared");

        protected override void Dispose(bool disposing) => Freed++;
    }
}

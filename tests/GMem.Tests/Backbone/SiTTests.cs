using GMem.Backbone;
using GMem.Runtime;
using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Tests.Backbone;

public sealed class SiTTests
{
    /// <summary>
    /// Published: 33 M, 130 M, 458 M and 675 M; the exact figures follow from the shapes (1,001 label rows, learned sigma, position table
    /// included).
    /// </summary>
    [Theory]
    [InlineData("S", 33_000_000)]
    [InlineData("B", 130_000_000)]
    [InlineData("L", 458_000_000)]
    [InlineData("XL", 675_000_000)]
    public void Constructor_PresetOfTheOriginalSiT_HasThePublishedSize(string name, long published)
    {
        SiTOptions options = SiTOptions.FromPreset(SiTPreset.Find(name), 2) with { Conditions = [new LabelCondition()], LearnSigma = true };
        using SiT network = new(options, device: torch.META);
        long count = network.parameters().Sum(p => p.numel());
        Assert.Equal(ExpectedCount(options), count);
        Assert.InRange(count - network.pos_embed.numel(), published - 500_000, published + 500_000);
        Assert.True(name != "XL" || count == 675_129_632, $"XL/2 has {count}");
    }

    [Fact]
    public void Constructor_EveryPresetAndPatchSize_BuildsOnMetaWithItsShapes()
    {
        foreach (SiTPreset preset in SiTPreset.All)
        {
            foreach (int patch in SiTPreset.PatchSizes)
            {
                SiTOptions options = SiTOptions.FromPreset(preset, patch).WithLightningBlocks();
                using SiT network = new(options, device: torch.META);
                Assert.Equal([1, 32 / patch * (32 / patch), preset.HiddenSize], network.pos_embed.shape);
                Assert.Equal([preset.HiddenSize, 4, patch, patch], network.x_embedder.proj.weight.shape);
                Assert.Equal(preset.Depth, network.blocks.Count);
            }
        }
    }

    [Theory]
    [InlineData("1p0B", 1.0e9)]
    [InlineData("1p6B", 1.6e9)]
    public void Constructor_LargePresetWithLightningBlocks_HasTheSizeOfItsName(string name, double size)
    {
        SiTOptions options = SiTOptions.FromPreset(SiTPreset.Find(name), 1).WithLightningBlocks();
        options = options with { InputChannels = 32 };
        options = options with { InputSize = 16 };
        using SiT network = new(options, device: torch.META);
        Assert.InRange(network.parameters().Sum(p => p.numel()), 0.95 * size, 1.1 * size);
    }

    [Fact]
    public void Find_UnknownPreset_NamesThoseThereAre()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => SiTPreset.Find("XXL"));
        Assert.StartsWith("There is no preset 'XXL'; give one of S, B, L, XL, 1p0B, 1p6B.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_AdaLNZero_DrawsEachKindOfWeightAsDocumented()
    {
        SiTOptions options = SmallSiT.Options(lightning: true, hidden: 96);
        using torch.Generator generator = new(3, torch.CPU);
        using SiT network = new(options, generator);
        foreach ((string name, Parameter parameter) in network.TrainableParameters())
        {
            double deviation = parameter.std(unbiased: false).item<float>(), mean = parameter.mean().item<float>();
            double expected = name.EndsWith("bias", StringComparison.Ordinal)
                || name.Contains("adaLN", StringComparison.Ordinal) || name == "final_layer.linear.weight" ? 0
                : name.Contains("norm", StringComparison.Ordinal) ? 0
                : name.StartsWith("t_embedder", StringComparison.Ordinal) ? 0.02
                : Math.Sqrt(2.0 / (parameter.shape[0] + (parameter.numel() / parameter.shape[0])));
            Assert.InRange(deviation, 0.85 * expected, 1.15 * expected);
            Assert.InRange(mean, (name.Contains("norm", StringComparison.Ordinal) && !name.EndsWith(
                "bias", StringComparison.Ordinal) ? 1 : 0) - (0.15 * expected), 1.000001);
        }
    }

    [Fact]
    public void Constructor_LabelTable_IsNormalWithDeviation2Percent()
    {
        SiTOptions options = SmallSiT.Options();
        options = options with { Conditions = [new LabelCondition { ClassCount = 50 }] };
        using torch.Generator generator = new(3, torch.CPU);
        using SiT network = new(options, generator);
        Assert.Equal([51, 48], network.StateDictTensors()["y_embedder.embedding_table.weight"].shape);
        Assert.InRange(network.StateDictTensors()["y_embedder.embedding_table.weight"].std().item<float>(), 0.018, 0.022);
    }

    [Theory]
    [InlineData(SiTInitialisation.AdaLNZero, true)]
    [InlineData(SiTInitialisation.PublicGMem, false)]
    public void Constructor_Initialisation_DecidesWhetherModulationsAreZero(SiTInitialisation scheme, bool zero)
    {
        SiTOptions options = SmallSiT.Options();
        options = options with { Initialisation = scheme };
        using torch.Generator generator = new(3, torch.CPU);
        using SiT network = new(options, generator);
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(options, 2);
        Assert.All(
            Modulations.Plain(network, t, network.EmbedConditions([c!], 2)), m => Assert.Equal(zero, m.abs().max().item<float>() == 0));
        Assert.Equal(0, network.forward(x, t, c).abs().max().item<float>());
    }

    [Fact]
    public void Constructor_SameGeneratorState_GivesTheSameWeightsInBothTypesAndLeavesTheGlobalGeneratorAlone()
    {
        using torch.Generator first = new(5, torch.CPU), second = new(5, torch.CPU), other = new(6, torch.CPU);
        using torch.Tensor before = torch.get_rng_state();
        using SiT single = new(SmallSiT.Options(), first), wide = new(
            SmallSiT.Options(), second, dtype: torch.float64), different = new(SmallSiT.Options(), other);
        using torch.Tensor after = torch.get_rng_state();
        Assert.True(before.equal(after).all().item<bool>());
        foreach ((string name, Parameter parameter) in single.TrainableParameters())
        {
            Assert.True(parameter.to(torch.float64).equal(wide.get_parameter(name)!).all().item<bool>(), name);
        }

        Assert.False(single.x_embedder.proj.weight.equal(different.x_embedder.proj.weight).all().item<bool>());
    }

    [Fact]
    public void Constructor_InsideADisposeScope_OutlivesIt()
    {
        SiT network;
        using (torch.NewDisposeScope())
        {
            network = SmallSiT.Build(SmallSiT.Options(lightning: true));
        }

        using (network)
        {
            (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(network.Options, 2);
            Assert.True(network.forward(x, t, c).isfinite().all().item<bool>());
        }
    }

    [Fact]
    public void Options_ListOfConditionsChangedAfterwards_DoesNotReachTheNetwork()
    {
        List<Condition> conditions = [.. SmallSiT.Options().Conditions];
        using SiT network = new(SmallSiT.Options() with { Conditions = conditions });
        conditions.Clear();
        Assert.NotEmpty(network.Options.Conditions);
    }

    [Fact]
    public void SnippetScale_FoldedIntoTheProjection_GivesTheSameOutput()
    {
        SiTOptions options = SmallSiT.Options(), scaled = SmallSiT.Options();
        scaled = scaled with { Conditions = [new SnippetCondition { Size = 24, Scale = 4 }] };
        using SiT plain = SmallSiT.Build(options), network = SmallSiT.Build(scaled);
        using (torch.no_grad())
        {
            plain.StateDictTensors()["condition_projection.linear.weight"].TimesInPlace(4);
        }

        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(options, 3);
        Assert.True(network.forward(x, t, c).allclose(plain.forward(x, t, c), 1e-5, 1e-5));
    }

    [Fact]
    public void Forward_NoCondition_NeedsNone()
    {
        SiTOptions options = SmallSiT.Options();
        options = options with { Conditions = [] };
        using SiT network = SmallSiT.Build(options);
        (torch.Tensor x, torch.Tensor t, _) = SmallSiT.Inputs(options, 3);
        Assert.Equal(x.shape, network.forward(x, t, null).shape);
        Assert.Empty(network.NullConditions(3));
        ArgumentException error = Assert.Throws<ArgumentException>(() => network.forward(x, t, torch.zeros([3, 24])));
        Assert.StartsWith("This network takes no condition; pass null.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NullConditions_SnippetsAndLabels_AreZerosAndTheClassCount()
    {
        SiTOptions labels = SmallSiT.Options();
        labels = labels with { Conditions = [new LabelCondition { ClassCount = 9 }] };
        using SiT ofSnippets = new(SmallSiT.Options()), ofLabels = new(labels);
        Assert.Equal(0, ofSnippets.NullConditions(2)[0].abs().sum().item<float>());
        Assert.Equal([2, 24], ofSnippets.NullConditions(2)[0].shape);
        Assert.Equal([9L, 9L], ofLabels.NullConditions(2)[0].data<long>().ToArray());
    }

    [Fact]
    public void NullConditions_LabelsWithoutDropout_SaysWhyThereIsNone()
    {
        SiTOptions options = SmallSiT.Options();
        options = options with { Conditions = [new LabelCondition { Dropout = 0 }] };
        using SiT network = new(options);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => network.NullConditions(1));
        Assert.Contains("without label dropout", error.Message, StringComparison.Ordinal);
    }

    private static long ExpectedCount(SiTOptions o)
    {
        long d = o.HiddenSize, patch = 4L * o.PatchSize * o.PatchSize;
        long block = (3 * d * d) + (3 * d) + (d * d) + d + (8 * d * d) + (5 * d) + (6 * d * d) + (6 * d);
        long embedding = (patch * d) + d + (256 * d) + d + (d * d) + d + (1001 * d) + (256 * d);
        return (o.Depth * block) + embedding + (2 * d * d) + (2 * d) + ((d + 1) * 2 * patch);
    }
}

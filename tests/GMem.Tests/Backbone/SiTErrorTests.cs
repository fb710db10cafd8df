using GMem.Backbone;
using TorchSharp;

namespace GMem.Tests.Backbone;

public sealed class SiTErrorTests
{
    [Fact]
    public void Validate_SeveralFaults_NamesAllInOneMessage()
    {
        SiTOptions options = new()
        {
            InputSize = 30,
            PatchSize = 4,
            HiddenSize = 50,
            HeadCount = 3,
            ProjectionSize = 8,
            ProjectorDepth = 13,
            Conditions = [new SnippetCondition { Dropout = 1 }],
        };
        ArgumentException error = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Equal(
            "The network's options are not valid: InputSize is 30, expected a multiple of PatchSize (4); HiddenSize is 50, expected a "
            + "multiple of HeadCount (3); "
            + "HiddenSize is 50, expected a multiple of 4, for the sine-cosine positions; ProjectorDepth is 13, expected from 1 to "
            + "Depth (12); the snippet's Dropout is 1, expected a probability in [0, 1).",
            error.Message);
    }

    [Fact]
    public void Validate_SizesBelowOne_NamesAll()
    {
        SiTOptions options = new()
        {
            InputSize = 0,
            InputChannels = 0,
            PatchSize = -1,
            HiddenSize = 0,
            Depth = 0,
            HeadCount = 0,
            FrequencyEmbeddingSize = 1,
            MlpHiddenSize = 0,
        };
        ArgumentException error = Assert.Throws<ArgumentException>(options.Validate);
        Assert.All(
            ["InputSize", "InputChannels", "PatchSize", "HiddenSize", "Depth", "HeadCount", "FrequencyEmbeddingSize", "MlpHiddenSize"],
            name => Assert.Contains($" {name} is ", error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0.0)]
    [InlineData(double.PositiveInfinity)]
    public void Validate_SnippetScaleOutOfRange_IsNamed(double scale)
    {
        SiTOptions options = new() { Conditions = [new SnippetCondition { Scale = scale }] };
        Assert.Contains("Scale is", Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_RopeWithHeadsThatAreNoMultipleOfFour_IsNamed()
    {
        SiTOptions options = new() { HiddenSize = 40, HeadCount = 4, UseRope = true };
        Assert.Contains("they have 10", Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_InvalidOptions_Throws() =>
        Assert.Throws<ArgumentException>(() => new SiT(new SiTOptions { Depth = 0 }));

    [Fact]
    public void Forward_WrongInputs_NamesThemAndWhatIsExpected()
    {
        SiTOptions options = SmallSiT.Options();
        using SiT network = new(options);
        (torch.Tensor x, torch.Tensor t, torch.Tensor? c) = SmallSiT.Inputs(options, 2);
        void Fails(string message, torch.Tensor a, torch.Tensor b, torch.Tensor? d)
        {
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => network.forward(a, b, d)).Message, StringComparison.Ordinal);
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(
                () => network.ForwardTraining(a, b, d is null ? [] : [d])).Message, StringComparison.Ordinal);
        }

        Fails("x is [2, 3, 8, 4], but this network takes [B, 3, 8, 8] with B of at least 1.", x.narrow(3, 0, 4), t, c);
        Fails("x is Float64, expected Float32; convert it first.", x.to(torch.float64), t, c);
        Fails("t (one time for each image): the shape is [1], expected [2].", x, t.narrow(0, 0, 1), c);
        Fails("t is Float64, expected Float32", x, t.to(torch.float64), c);
        Fails("The snippets (one for each image): the shape is [2, 23], expected [2, 24].", x, t, c!.narrow(1, 0, 23));
        Fails("condition is Float64, expected Float32", x, t, c.to(torch.float64));
        Fails("This network is conditioned on a snippet for each image, but the condition is null; pass NullConditions(B)", x, t, null);
    }

    [Theory]
    [InlineData(0.1, 10, 11)]
    [InlineData(0.0, 9, 10)]
    public void Forward_LabelOutOfRange_IsNamed(double dropout, long last, long bad)
    {
        SiTOptions options = SmallSiT.Options();
        options = options with { Conditions = [new LabelCondition { ClassCount = 10, Dropout = dropout }] };
        using SiT network = SmallSiT.Build(options);
        (torch.Tensor x, torch.Tensor t, _) = SmallSiT.Inputs(options, 2);
        Assert.Equal(x.shape, network.forward(x, t, torch.tensor(new long[] { 0, last })).shape);
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(
            () => network.forward(x, t, torch.tensor(new long[] { 0, bad })));
        Assert.StartsWith($"A label is outside 0 to {last}", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => network.forward(x, t, torch.tensor(new long[] { -1, 0 })));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.0)]
    [InlineData(double.NaN)]
    public void DropEntries_ProbabilityOutOfRange_Throws(double probability)
    {
        using torch.Generator generator = new(1, torch.CPU);
        Assert.Throws<ArgumentOutOfRangeException>(() => ConditionDropout.DropEntries(torch.ones([2, 3]), probability, generator));
    }
}

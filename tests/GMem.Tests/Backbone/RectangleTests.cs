using System.Text.Json;
using GMem.Backbone;
using GMem.Runtime;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Transport;
using TorchSharp;

namespace GMem.Tests.Backbone;

/// <summary>
/// Networks on rectangles and on grey, against the square network of three channels, which the reference tests compare with the public code.
/// </summary>
public sealed class RectangleTests
{
    private static readonly SiTOptions Square = SmallSiT.Options(grid: 6);

    public static TheoryData<int, int> Shapes => new() { { 8, 12 }, { 12, 4 }, { 2, 12 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void PositionTables_OfARectangle_AreTheRowsOfTheSquareThatContainsIt(int height, int width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (int rows, int columns) = (height / 2, width / 2);
        torch.Tensor cells = Cells(rows, columns);
        Assert.Equal(
            PositionTables.SineCosine((6, 6), 24).index_select(1, cells), PositionTables.SineCosine((rows, columns), 24));
        Assert.Equal(PositionTables.RotaryAngles((6, 6), 8).index_select(0, cells), PositionTables.RotaryAngles((rows, columns), 8));
    }

    /// <summary>The formula of MAE and DiT, with the column first.</summary>
    [Fact]
    public void SineCosine_OfARectangle_IsTheKnownFormula()
    {
        using torch.Tensor table = PositionTables.SineCosine((2, 5), 8);
        Assert.Equal([1, 10, 8], table.shape);
        double[] values = table.data<double>().ToArray();
        for (int token = 0; token < 10; token++)
        {
            (int row, int column) = (token / 5, token % 5);
            double[] expected =
            [
                Math.Sin(column), Math.Sin(column / 100.0), Math.Cos(column), Math.Cos(column / 100.0),
                Math.Sin(row), Math.Sin(row / 100.0), Math.Cos(row), Math.Cos(row / 100.0),
            ];
            Assert.All(expected.Zip(values[(token * 8)..]), p => Assert.Equal(p.First, p.Second, 1e-14));
        }
    }

    /// <summary>Before attention a token knows its own patch and place only: those of a rectangle are the square's, bit for bit.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Tokens_OfARectangle_AreThoseOfTheSquareThatContainsIt(int height, int width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (SiT square, SiT rectangle) = (SmallSiT.Build(Square), SmallSiT.Build(Square.WithInput(3, height, width)));
        using (square)
        using (rectangle)
        {
            torch.Tensor x = SmallSiT.Inputs(Square, 2).X, part = x.narrow(2, 0, height).narrow(3, 0, width).contiguous();
            torch.Tensor expected = Tokens(square, x).index_select(1, Cells(height / 2, width / 2));
            Assert.Equal(expected, Tokens(rectangle, part));
        }
    }

    /// <summary>Where no block does anything (its gates are zero), the output of a token is a function of its own patch too.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Forward_OfARectangleWithClosedBlocks_IsThePartOfTheSquares(int height, int width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (SiT square, SiT rectangle) = (Closed(SmallSiT.Build(Square)), Closed(SmallSiT.Build(Square.WithInput(3, height, width))));
        using (square)
        using (rectangle)
        {
            (torch.Tensor x, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(Square, 2);
            torch.Tensor expected = square.forward(x, t, condition).narrow(2, 0, height).narrow(3, 0, width);
            torch.Tensor actual = rectangle.forward(x.narrow(2, 0, height).narrow(3, 0, width).contiguous(), t, condition);
            ReferenceFolder.Close(actual, expected, 2e-6, 0, "prediction");
        }
    }

    /// <summary>On grey that is repeated, three channels of weights act as their sum.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tokens_OfGrey_AreThoseOfThreeEqualChannels(bool lightning)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradients = torch.no_grad();
        SiTOptions options = SmallSiT.Options(lightning) with { InputHeight = 4, InputWidth = 8 };
        using SiT colour = SmallSiT.Build(options), grey = SmallSiT.Build(options with { InputChannels = 1 });
        foreach ((string name, torch.Tensor weights) in grey.StateDictTensors())
        {
            torch.Tensor source = colour.StateDictTensors()[name];
            if (!name.StartsWith("final_layer.linear", StringComparison.Ordinal))
            {
                weights.copy_(name == "x_embedder.proj.weight" ? source.sum(1, keepdim: true) : source);
            }
        }

        (torch.Tensor x, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(options with { InputChannels = 1 }, 2);
        Dictionary<string, torch.Tensor> expected = Stages(colour, x.expand(-1, 3, -1, -1).contiguous(), t, condition!);
        foreach ((string stage, torch.Tensor tokens) in Stages(grey, x, t, condition!).Where(s => s.Key != "final_tokens"))
        {
            ReferenceFolder.Close(tokens, expected[stage], 2e-5, 0, stage);
        }

        Assert.Equal([2, 1, 4, 8], grey.forward(x, t, condition).shape);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forward_OfARectangle_HasTheBitsOfARowAloneAndAGradient(bool lightning)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        SiTOptions options = SmallSiT.Options(lightning) with { InputHeight = 10, InputWidth = 4, InputChannels = 4 };
        using SiT network = SmallSiT.Build(options);
        (torch.Tensor x, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(options, 3);
        torch.Tensor all = network.forward(x, t, condition);
        Assert.Equal([3, 4, 10, 4], all.shape);
        Assert.Equal(
            all.narrow(0, 2, 1), network.forward(x.narrow(0, 2, 1), t.narrow(0, 2, 1), condition!.narrow(0, 2, 1)));

        // The first row of the rectangle reaches the last: attention is over all tokens.
        torch.Tensor changed = x.clone();
        changed[0, 0, 0, 0] = torch.tensor(9f);
        Assert.False(network.forward(changed, t, condition)[0, 0, 9, 3].Equals(all[0, 0, 9, 3]));
        network.ForwardTraining(x, t, [condition]).Prediction.sum().backward();
        Assert.All(network.TrainableParameters().Where(p => !p.Name.StartsWith("projector", StringComparison.Ordinal)),
            p => Assert.True(p.Parameter.grad is not null, p.Name));
    }

    /// <summary>Samplers and likelihoods see tensors only: of one that runs the network both ways, the noise comes back.</summary>
    [Fact]
    public void Likelihood_OfAGreyRectangle_FindsTheNoiseAgain()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        SiTOptions options = SmallSiT.Options() with { InputHeight = 2, InputWidth = 6, InputChannels = 1 };
        using SiT network = SmallSiT.Build(options, torch.ScalarType.Float64);
        torch.Tensor snippet = SmallSiT.Inputs(options, 1, torch.ScalarType.Float64).Condition!;
        VectorField field = (x, time) => network.forward(
            x, TensorNumbers.Full([x.shape[0]], time, torch.ScalarType.Float64), snippet.expand(x.shape[0], -1));
        using torch.Generator generator = new(5);
        torch.Tensor noise = torch.randn([1, 1, 2, 6], dtype: torch.ScalarType.Float64, generator: generator);
        torch.Tensor data;
        using (torch.no_grad())
        {
            Sampler sampler = new(FlowTransport.LinearVelocity, new SamplingOptions { OdeMethod = OdeMethod.RungeKutta4, Steps = 40 });
            data = sampler.Sample((x, t, e) => network.ForwardEmbedded(x, t, e), noise, network.EmbedConditions([snippet], 1), null);
        }

        using LikelihoodResult result = new Likelihood(FlowTransport.LinearVelocity, OdeMethod.RungeKutta4, 40).Evaluate(field, data);
        Assert.InRange((result.Noise - noise).abs().max().item<double>(), 0, 1e-5);
        Assert.Equal([1, 1, 2, 6], result.Noise.shape);
    }

    [Fact]
    public void Validate_SidesThatDoNotFit_NamesEach()
    {
        SiTOptions options = SmallSiT.Options();
        Check(options with { InputHeight = 7, InputWidth = 9 },
            "InputHeight is 7, expected a multiple of PatchSize (2); InputWidth is 9, expected a multiple of PatchSize (2).");
        Check(options with { InputHeight = 0 }, "InputHeight is 0, expected from 1 to 16384.");
        Check(options with { InputWidth = 20_000, InputSize = 9 }, "InputWidth is 20000, expected from 1 to 16384.");
        Check(options with { InputSize = 9, InputWidth = 8 }, "InputSize is 9, expected a multiple of PatchSize (2).");
        (options with { InputSize = 9, InputWidth = 8, InputHeight = 4 }).Validate();
        using SiT network = SmallSiT.Build(options.WithInput(1, 4, 6));
        using torch.Tensor x = torch.zeros(1, 1, 6, 4), t = torch.zeros(1);
        Assert.StartsWith("x is [1, 1, 6, 4], but this network takes [B, 1, 4, 6] with B of at least 1.", Assert.Throws<ArgumentException>(
            () => network.forward(x, t, null)).Message, StringComparison.Ordinal);

        static void Check(SiTOptions options, string end) => Assert.EndsWith(
            end, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    /// <summary>What a square network says of itself is what it said before there were rectangles.</summary>
    [Fact]
    public void Json_OfASquare_HasNoHeightAndWidth()
    {
        Assert.DoesNotContain("Height", JsonSerializer.Serialize(Square.WithInput(3, 8, 8) with { Conditions = [] }), StringComparison.Ordinal);
        Assert.Contains("\"InputHeight\":8", JsonSerializer.Serialize(Square.WithInput(3, 8, 4) with { Conditions = [] }), StringComparison.Ordinal);
    }

    private static torch.Tensor Cells(int rows, int columns) =>
        torch.tensor([.. Enumerable.Range(0, rows * columns).Select(i => (long)((i / columns * 6) + (i % columns)))]);

    private static torch.Tensor Tokens(SiT network, torch.Tensor x)
    {
        (_, torch.Tensor t, torch.Tensor? condition) = SmallSiT.Inputs(Square, x.shape[0]);
        return Stages(network, x, t, condition!)["tokens0"];
    }

    private static Dictionary<string, torch.Tensor> Stages(SiT network, torch.Tensor x, torch.Tensor t, torch.Tensor condition)
    {
        using IDisposable noGradients = torch.no_grad();
        Dictionary<string, torch.Tensor> stages = [];
        torch.Tensor? embedding = network.EmbedConditions([condition], x.shape[0]);
        network.RunBlocks(
            x, Modulations.BatchInvariant(network, t, embedding, x.shape[0]), training: false, (name, tokens) => stages[name] = tokens.clone());
        return stages;
    }

    private static SiT Closed(SiT network)
    {
        using IDisposable noGradients = torch.no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.TrainableParameters())
        {
            if (name.StartsWith("blocks.", StringComparison.Ordinal) && name.Contains("adaLN", StringComparison.Ordinal))
            {
                parameter.zero_();
            }
        }

        return network;
    }
}

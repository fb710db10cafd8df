using GMem.Backbone;
using TorchSharp;

namespace GMem.Tests.Backbone;

/// <summary>Small networks with all weights non-zero, so that every branch matters, and inputs for them.</summary>
internal static class SmallSiT
{
    public static SiTOptions Options(bool lightning = false, int hidden = 48, int grid = 4) => new()
    {
        InputSize = 2 * grid,
        PatchSize = 2,
        InputChannels = 3,
        HiddenSize = hidden,
        Depth = 2,
        HeadCount = 3,
        Conditions = [new SnippetCondition { Size = 24 }],
        UseRmsNorm = lightning,
        UseSwiGlu = lightning,
        UseRope = lightning,
        UseQkNorm = lightning,
        UseShift = !lightning,
        ProjectionSize = 10,
        ProjectorHiddenSize = 20,
        ProjectorDepth = 1,
    };

    public static SiT Build(SiTOptions options, torch.ScalarType dtype = torch.ScalarType.Float32, ulong seed = 1)
    {
        SiT network = new(options, dtype: dtype);
        using torch.Generator generator = new(seed, torch.CPU);
        using IDisposable noGradients = torch.no_grad();
        foreach ((_, TorchSharp.Modules.Parameter parameter) in network.TrainableParameters())
        {
            using torch.Tensor drawn = torch.empty(parameter.shape).normal_(0, 1 / Math.Sqrt(parameter.shape[^1]), generator);
            parameter.copy_(drawn);
        }

        return network;
    }

    /// <summary>Rows of noise, times and snippets (or labels), a function of the seed.</summary>
    public static (torch.Tensor X, torch.Tensor T, torch.Tensor? Condition) Inputs(
        SiTOptions options, long batch, torch.ScalarType dtype = torch.ScalarType.Float32, ulong seed = 2)
    {
        using torch.Generator generator = new(seed, torch.CPU);
        torch.Tensor x = torch.randn([batch, .. options.InputShape], generator: generator).to(dtype);
        torch.Tensor t = torch.rand([batch], generator: generator).to(dtype);
        return (x, t, options.Conditions switch
        {
            [SnippetCondition snippet] => torch.randn([batch, snippet.Size], generator: generator).to(dtype),
            [LabelCondition label] => torch.randint(0, label.ClassCount, [batch], dtype: torch.int64, generator: generator),
            _ => null,
        });
    }
}

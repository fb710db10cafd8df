using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone;

/// <summary>Projects a snippet to the network's width (GMem), after multiplying it by the snippet scale.</summary>
internal sealed class ConditionProjection : torch.nn.Module
{
    public readonly Linear linear;
    private readonly double _scale;

    public ConditionProjection(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(ConditionProjection))
    {
        _scale = options.SnippetScale;
        linear = new Linear(options.SnippetSize, options.HiddenSize, device, dtype);
        RegisterComponents();
    }

    /// <summary>Snippets <c>[B, m]</c> to <c>[B, D]</c>.</summary>
    public torch.Tensor forward(torch.Tensor snippets) => linear.forward(_scale == 1 ? snippets : snippets.Times(_scale));
}

using TorchSharp.Utils;

namespace GMem.Backbone;

/// <summary>
/// The layer that turns the condition into shifts, scales and gates (adaLN). Its SiLU is shared by all blocks and applied before; so its
/// linear layer is number 1.
/// </summary>
internal sealed class AdaLNModulation : torch.nn.Module
{
    [ComponentName(Name = "1")]
    private readonly Linear _linear;

    public AdaLNModulation(long hidden, long chunks, torch.Device device, torch.ScalarType dtype)
        : base(nameof(AdaLNModulation))
    {
        _linear = new Linear(hidden, chunks * hidden, device, dtype);
        RegisterComponents();
    }

    /// <summary>The layer itself.</summary>
    public Linear Layer => _linear;

    /// <summary>SiLU of the condition, <c>[B, D]</c>, to <c>[B, chunks D]</c>.</summary>
    public torch.Tensor forward(torch.Tensor activated) => _linear.forward(activated);
}

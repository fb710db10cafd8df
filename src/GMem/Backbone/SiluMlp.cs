namespace GMem.Backbone;

/// <summary>Linear layers with SiLU between them, numbered 0, 2, 4, ... as the official checkpoints number them.</summary>
internal sealed class SiluMlp : torch.nn.Module
{
    private readonly List<Linear> _layers = [];

    public SiluMlp(ReadOnlySpan<long> widths, torch.Device device, torch.ScalarType dtype)
        : base(nameof(SiluMlp))
    {
        for (int i = 0; i + 1 < widths.Length; i++)
        {
            Linear layer = new(widths[i], widths[i + 1], device, dtype);
            _layers.Add(layer);
            register_module((2 * i).ToString(System.Globalization.CultureInfo.InvariantCulture), layer);
        }
    }

    /// <summary><c>[..., first width]</c> to <c>[..., last width]</c>.</summary>
    public torch.Tensor forward(torch.Tensor x)
    {
        torch.Tensor y = _layers[0].forward(x);
        foreach (Linear layer in _layers.Skip(1))
        {
            y = layer.forward(torch.nn.functional.silu(y));
        }

        return y;
    }
}

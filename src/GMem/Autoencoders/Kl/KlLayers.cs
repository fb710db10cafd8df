using GMem.FileFormats;

namespace GMem.Autoencoders.Kl;

/// <summary>A convolution with a square kernel, padded to keep the size at stride 1.</summary>
internal sealed class Conv : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly long[] _stride;
    private readonly long[] _padding;

    public Conv(long inputs, long outputs, long kernel, WeightPlacement placement, long stride = 1, bool padded = true)
        : base(nameof(Conv))
    {
        weight = placement.Empty(outputs, inputs, kernel, kernel);
        bias = placement.Empty(outputs);
        _stride = [stride, stride];
        _padding = padded ? [kernel / 2, kernel / 2] : [0, 0];
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) =>
        torch.nn.functional.conv2d(input, weight, bias, strides: _stride, padding: _padding);
}

/// <summary>Group normalisation: 32 groups, eps 1e-6.</summary>
internal sealed class Norm : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public Norm(long channels, WeightPlacement placement)
        : base(nameof(Norm))
    {
        weight = placement.Empty(channels);
        bias = placement.Empty(channels);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input) => torch.nn.functional.group_norm(input, 32, weight, bias, 1e-6);
}

/// <summary>Halves both sides: pads with a zero row at the bottom and a zero column on the right, then applies a 3 x 3 convolution with
/// stride 2.</summary>
internal sealed class Downsample : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Conv conv;

    public Downsample(long channels, WeightPlacement placement)
        : base(nameof(Downsample))
    {
        conv = new Conv(channels, channels, 3, placement, stride: 2, padded: false);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return conv.forward(torch.nn.functional.pad(input, [0, 1, 0, 1])).MoveToOuterDisposeScope();
    }
}

/// <summary>Doubles both sides: nearest-neighbour upsampling, then a 3 x 3 convolution.</summary>
internal sealed class Upsample : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private readonly Conv conv;

    public Upsample(long channels, WeightPlacement placement)
        : base(nameof(Upsample))
    {
        conv = new Conv(channels, channels, 3, placement);
        RegisterComponents();
    }

    public override torch.Tensor forward(torch.Tensor input)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long[] size = [input.shape[2] * 2, input.shape[3] * 2];
        return conv.forward(torch.nn.functional.interpolate(input, size, mode: torch.InterpolationMode.Nearest)).MoveToOuterDisposeScope();
    }
}

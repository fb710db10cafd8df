namespace GMem.Evaluation;

/// <summary>Convolution without bias, batch normalisation, ReLU.</summary>
internal sealed class BasicConv2d : torch.nn.Module
{
    private readonly ConvolutionKernel conv;
    private readonly StoredBatchNorm bn;
    private readonly long[] _strides;
    private readonly long[] _padding;

    /// <param name="input">Input channels.</param>
    /// <param name="output">Output channels.</param>
    /// <param name="kernel">Height and width of the kernel, both odd.</param>
    /// <param name="device">Device of the weights.</param>
    /// <remarks>Padding keeps the grid's size.</remarks>
    public BasicConv2d(long input, long output, (long Height, long Width) kernel, torch.Device device)
        : this(input, output, kernel, (kernel.Height / 2, kernel.Width / 2), 1, device)
    {
    }

    public BasicConv2d(
        long input, long output, (long Height, long Width) kernel, (long Height, long Width) padding, long stride, torch.Device device)
        : base(nameof(BasicConv2d))
    {
        conv = new ConvolutionKernel(input, output, kernel, device);
        bn = new StoredBatchNorm(output, device);
        _strides = [stride, stride];
        _padding = [padding.Height, padding.Width];
        RegisterComponents();
    }

    public torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor mapped = torch.nn.functional.conv2d(x, conv.weight, strides: _strides, padding: _padding);
        return bn.Forward(mapped).relu_().MoveToOuterDisposeScope();
    }
}

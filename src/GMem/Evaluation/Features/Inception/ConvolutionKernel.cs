namespace GMem.Evaluation;

/// <summary>
/// The kernel of a convolution without bias. TorchSharp's own module would draw initial weights from the global generator.
/// </summary>
internal sealed class ConvolutionKernel : torch.nn.Module
{
    public readonly Parameter weight;

    public ConvolutionKernel(long input, long output, (long Height, long Width) kernel, torch.Device device)
        : base(nameof(ConvolutionKernel))
    {
        weight = new Parameter(torch.zeros([output, input, kernel.Height, kernel.Width], device: device), requires_grad: false);
        RegisterComponents();
    }
}

namespace GMem.Evaluation;

/// <summary>Batch normalisation with the moments of the checkpoint.</summary>
internal sealed class StoredBatchNorm : torch.nn.Module
{
    /// <summary>TensorFlow's constant, a hundred times PyTorch's default.</summary>
    private const double Epsilon = 1e-3;

    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly torch.Tensor running_mean;
    private readonly torch.Tensor running_var;
    private readonly torch.Tensor num_batches_tracked;

    public StoredBatchNorm(long channels, torch.Device device)
        : base(nameof(StoredBatchNorm))
    {
        weight = new Parameter(torch.ones([channels], device: device), requires_grad: false);
        bias = new Parameter(torch.zeros([channels], device: device), requires_grad: false);
        running_mean = torch.zeros([channels], device: device);
        running_var = torch.ones([channels], device: device);
        num_batches_tracked = torch.zeros([], dtype: torch.int64, device: device);
        RegisterComponents();
    }

    /// <summary>Normalises <c>[B, C, H, W]</c> channel by channel.</summary>
    public torch.Tensor Forward(torch.Tensor x) =>
        torch.nn.functional.batch_norm(x, running_mean, running_var, weight, bias, training: false, eps: Epsilon);
}

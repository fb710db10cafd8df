namespace GMem.Evaluation;

/// <summary>The last layer: 2048 features to the logits of 1008 classes.</summary>
internal sealed class InceptionClassifier : torch.nn.Module
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public InceptionClassifier(long input, long classes, torch.Device device)
        : base(nameof(InceptionClassifier))
    {
        weight = new Parameter(torch.zeros([classes, input], device: device), requires_grad: false);
        bias = new Parameter(torch.zeros([classes], device: device), requires_grad: false);
        RegisterComponents();
    }

    /// <summary>Logits <c>[B, 1008]</c> without the bias, as used for published Inception scores.</summary>
    public torch.Tensor Unbiased(torch.Tensor features) => features.matmul(weight.t());

    /// <summary>The classifier's own logits, <c>[B, 1008]</c>.</summary>
    public torch.Tensor Logits(torch.Tensor features) => Unbiased(features).PlusInPlace(bias);
}

using TorchSharp;

namespace GMem.Training;

/// <summary>The loss of one batch and what it is made of; scalar tensors on the network's device.</summary>
/// <param name="Total"><c>data + cosine weight * cosine + projection weight * projection</c>.</param>
/// <param name="Data">The squared error, averaged over the batch.</param>
/// <param name="Cosine">The cosine loss, averaged over the batch, where it is used.</param>
/// <param name="Projection">The projection loss (REPA), where it is used.</param>
internal sealed record LossTerms(torch.Tensor Total, torch.Tensor Data, torch.Tensor? Cosine, torch.Tensor? Projection);

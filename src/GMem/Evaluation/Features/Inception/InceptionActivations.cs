namespace GMem.Evaluation;

/// <summary>The network's activations for a batch, all <c>[B, C, H, W]</c>. The tensors belong to the caller's scope.</summary>
/// <param name="Block64">After the first max pool, 64 channels.</param>
/// <param name="Block192">After the second max pool, 192 channels.</param>
/// <param name="Block768">After Mixed_6e, 768 channels.</param>
/// <param name="Spatial">Mixed_6d's first branch, 192 channels on a grid of 17 x 17.</param>
/// <param name="Block2048">After Mixed_7c, 2048 channels on a grid of 8 x 8; its mean over the grid is the feature.</param>
internal sealed record InceptionActivations(
    torch.Tensor Block64, torch.Tensor Block192, torch.Tensor Block768, torch.Tensor Spatial, torch.Tensor Block2048);

namespace GMem.Evaluation;

/// <summary>How images are converted to the input of the Inception network. The choice changes scores by up to one percent.</summary>
public enum InceptionInputPath
{
    /// <summary>pytorch-fid: bilinear resize between pixel centres, 2 x / 255 - 1.</summary>
    PyTorchFid,

    /// <summary>
    /// TensorFlow 1, as in ADM's evaluator and torch-fidelity: bilinear resize between pixel corners, (x - 128) / 128. Use it to compare
    /// with papers that use ADM's reference batches.
    /// </summary>
    TensorFlow,
}

namespace GMem.Evaluation;

/// <summary>How images become the input of the Inception network: published figures differ in it by up to a percent.</summary>
public enum InceptionInputPath
{
    /// <summary>pytorch-fid: bilinear resize between pixel centres, 2 x / 255 - 1.</summary>
    PyTorchFid,

    /// <summary>
    /// TensorFlow 1, as ADM's evaluator and torch-fidelity: bilinear resize between pixel corners, (x - 128) / 128. Compare with papers
    /// that use ADM's reference batches.
    /// </summary>
    TensorFlow,
}

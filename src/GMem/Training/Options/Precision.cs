namespace GMem.Training;

/// <summary>Arithmetic of the network in training.</summary>
public enum Precision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>
    /// Matrix products and attention in bfloat16; weights, norms, softmax, loss, gradients' sum and optimizer in float32. For GPUs with
    /// bfloat16 units: on most CPUs it is far slower than float32.
    /// </summary>
    BFloat16Mixed,
}

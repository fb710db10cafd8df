namespace GMem.Training;

/// <summary>What a training run takes, estimated from its options alone.</summary>
/// <param name="Memory">Bytes on the device for weights, gradients, moments, averages and activations; not the images.</param>
/// <param name="Network">Bytes of the trained network in a file; the memory bank and other parts come on top.</param>
public readonly record struct TrainingEstimate(long Memory, long Network);

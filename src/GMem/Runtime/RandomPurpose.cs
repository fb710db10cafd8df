namespace GMem.Runtime;

/// <summary>
/// What a stream of random numbers is for. Each purpose has its own, so that one more draw in one place changes nothing elsewhere.
/// </summary>
internal enum RandomPurpose
{
    /// <summary>Initial weights.</summary>
    Weights = 1,

    /// <summary>The order of the training images, one permutation an epoch.</summary>
    Order = 2,

    /// <summary>Times, noise, flips and dropout of a training step.</summary>
    TrainingStep = 3,

    /// <summary>The Gaussian of a seed which picks the memory index.</summary>
    MemoryIndex = 4,

    /// <summary>The noise of a seed from which an image is made.</summary>
    ImageNoise = 5,

    /// <summary>The Wiener increments of a seed's stochastic sampler; the step is the sampler's step.</summary>
    SamplerNoise = 6,

    /// <summary>Choices about a bank: subsets, masks.</summary>
    Memory = 7,

    /// <summary>Validation noise and times, the same at every evaluation.</summary>
    Validation = 8,

    /// <summary>Choices of a metric: subsets and splits of the images.</summary>
    Evaluation = 9,

    /// <summary>Draws from the distributions of latents in a training step.</summary>
    LatentNoise = 10,

    /// <summary>The direction in which a seed's snippet is turned.</summary>
    SnippetNovelty = 11,
}

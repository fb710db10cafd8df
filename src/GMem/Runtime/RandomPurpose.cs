namespace GMem.Runtime;

/// <summary>
/// The purpose of a random stream. Each purpose has its own stream, so an extra draw in one place changes nothing elsewhere.
/// </summary>
internal enum RandomPurpose
{
    /// <summary>Initial weights.</summary>
    Weights = 1,

    /// <summary>The order of the training images, one permutation per epoch.</summary>
    Order = 2,

    /// <summary>Times, noise, flips and dropout of a training step.</summary>
    TrainingStep = 3,

    /// <summary>The Gaussian draw that selects the memory index for a seed.</summary>
    MemoryIndex = 4,

    /// <summary>The noise that an image is generated from, for a seed.</summary>
    ImageNoise = 5,

    /// <summary>The Wiener increments of the stochastic sampler for a seed; the step is the sampler's step.</summary>
    SamplerNoise = 6,

    /// <summary>Random choices for memory banks: subsets, masks.</summary>
    Memory = 7,

    /// <summary>Validation noise and times, the same at every evaluation.</summary>
    Validation = 8,

    /// <summary>Random choices in metrics: subsets and splits of the images.</summary>
    Evaluation = 9,

    /// <summary>Samples from the posteriors of latents in a training step.</summary>
    LatentNoise = 10,

    /// <summary>The direction in which a seed's snippet is turned.</summary>
    SnippetNovelty = 11,

    /// <summary>The noise of what inpainting keeps, and that by which it goes back a step, for a seed.</summary>
    Repainting = 12,

    /// <summary>What augmentation does to the pictures of a training step.</summary>
    Augmentation = 13,
}

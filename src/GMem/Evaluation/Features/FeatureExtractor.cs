namespace GMem.Evaluation;

/// <summary>Turns images into the features that metrics compare.</summary>
/// <remarks>
/// Evaluate with other features than the snippets are made of: a model conditioned on some features is bound to match them.
/// </remarks>
public abstract class FeatureExtractor : IDisposable
{
    /// <summary>What the features are, such that figures of different features cannot be taken for one another.</summary>
    public abstract string Name { get; }

    /// <summary>D, the number of features of an image.</summary>
    public abstract int Dimension { get; }

    /// <summary>The features of a batch.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB, on any device.</param>
    /// <returns>float32 <c>[B, D]</c> on the CPU, a function of each image alone; dispose it.</returns>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public abstract torch.Tensor Extract(torch.Tensor images);

    /// <summary>
    /// The features of a batch with what else the network gives: spatial features for the sFID, logits for the Inception score.
    /// </summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB, on any device.</param>
    /// <returns>A set of B rows; dispose it. Without an override only <see cref="FeatureSet.Features"/>.</returns>
    /// <exception cref="ArgumentException">The images have another type or shape.</exception>
    public virtual FeatureSet ExtractAll(torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureSet(Name, Extract(images), null, null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}

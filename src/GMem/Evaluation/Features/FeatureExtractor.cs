namespace GMem.Evaluation;

/// <summary>Turns images into the features that metrics compare.</summary>
/// <remarks>
/// Do not evaluate with the features that snippets are made from: a model conditioned on features is bound to match them.
/// Disposing is safe while other threads use the features: the memory is freed when they have finished. An extractor of your own is
/// protected as well when it is called directly if its methods begin with <c>using UseScope use = Use();</c>.
/// </remarks>
public abstract class FeatureExtractor : IDisposable
{
    private readonly UseCount _uses;

    /// <summary>Creates an extractor.</summary>
    protected FeatureExtractor() => _uses = new UseCount(GetType().Name, () => Dispose(true));

    /// <summary>Name of the features. It must be unique, so that scores from different features are not confused.</summary>
    public abstract string Name { get; }

    /// <summary>D, the number of features per image.</summary>
    public abstract int Dimension { get; }

    /// <summary>Computes the features of a batch.</summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB, on any device.</param>
    /// <returns>float32 <c>[B, D]</c> on the CPU; each row depends only on its own image. Dispose it.</returns>
    /// <exception cref="ArgumentException">The images have the wrong type or shape.</exception>
    public abstract torch.Tensor Extract(torch.Tensor images);

    /// <summary>
    /// Computes the features of a batch and the network's other outputs: spatial features for the sFID, logits for the Inception score.
    /// </summary>
    /// <param name="images">uint8 <c>[B, 3, H, W]</c>, RGB, on any device.</param>
    /// <returns>A set of B rows; dispose it. Unless overridden, it has only <see cref="FeatureSet.Features"/>.</returns>
    /// <exception cref="ArgumentException">The images have the wrong type or shape.</exception>
    public virtual FeatureSet ExtractAll(torch.Tensor images)
    {
        using UseScope use = Use();
        using DisposeScope scope = torch.NewDisposeScope();
        return new FeatureSet(Name, Extract(images), null, null);
    }

    /// <summary>Keeps the tensors from being freed.</summary>
    /// <returns>The use; dispose it.</returns>
    /// <exception cref="ObjectDisposedException">The extractor has been disposed.</exception>
    public UseScope Use() => _uses.Hold();

    /// <summary>Frees the tensors; operations in progress finish first.</summary>
    public void Dispose()
    {
        _uses.RemoveOwner();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors; called once, after the last use.</summary>
    /// <param name="disposing">Always true: extractors have no finalizers.</param>
    protected abstract void Dispose(bool disposing);
}

using System.Collections.ObjectModel;

namespace GMem.Parts;

/// <summary>
/// A replaceable piece of a model that is saved with it: an encoder, an autoencoder, a condition. What a part does follows from its kind,
/// its configuration and its tensors alone, so that it can be saved as these three and loaded by the loader registered for its kind
/// (<see cref="ModelParts.Register{T}"/>).
/// </summary>
public abstract class ModelPart
{
    /// <summary>Name and version under which the part is saved.</summary>
    public abstract PartKind Kind { get; }

    /// <summary>
    /// Whether several threads may use the part at once. Encoding is then shared among cores; otherwise one thread encodes. Default false.
    /// </summary>
    public virtual bool IsThreadSafe => false;

    /// <summary>The settings needed to load the part again.</summary>
    /// <returns>The settings. Default none.</returns>
    public virtual PartConfiguration SaveConfiguration() => PartConfiguration.Empty;

    /// <summary>The tensors needed to load the part again, by name; they stay the part's own.</summary>
    /// <returns>The tensors. Default none.</returns>
    public virtual IReadOnlyDictionary<string, torch.Tensor> SaveTensors() => ReadOnlyDictionary<string, torch.Tensor>.Empty;

    /// <summary>
    /// A hash of all that decides what the part computes. Results that were computed and cached by one part are valid for another one with
    /// the same fingerprint, and a run is resumed only with parts of the same fingerprint.
    /// </summary>
    /// <returns>SHA-256 of kind, settings and tensors, 64 hexadecimal digits.</returns>
    /// <exception cref="ObjectDisposedException">The part has been freed.</exception>
    public string Fingerprint()
    {
        using UseScope use = this is SharedModelPart shared ? shared.Use() : default;
        using CacheKey key = new();
        key.Add(Kind.ToString());
        key.Add(SaveConfiguration().ToString());
        key.Add(SaveTensors());
        return key.Finish();
    }
}

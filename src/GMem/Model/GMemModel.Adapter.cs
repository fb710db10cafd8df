namespace GMem;

/// <content>Low-rank adapters.</content>
public sealed partial class GMemModel
{
    /// <summary>The adapter that is added to the network; null for none.</summary>
    public LowRankAdapter? Adapter => Core.Adapter?.Adapter;

    /// <summary>How strongly it counts; 1 is as it was trained, and what a model without an adapter has.</summary>
    public double AdapterStrength => Core.Adapter?.Strength ?? 1;

    /// <summary>
    /// The same model with an adapter, whose products are added to the weights: generation takes as long as without. An adapter that the
    /// model already has is replaced.
    /// </summary>
    /// <param name="adapter">An adapter that was trained on this model's network.</param>
    /// <param name="strength">
    /// Factor of what it changes: 1 as it was trained, 0 the network as it was, bit for bit. From -10 to 10. Default 1.
    /// </param>
    /// <returns>
    /// A model that shares bank, encoder and all weights that are not adapted, and keeps those of the adapted layers as they were besides.
    /// Dispose both.
    /// </returns>
    /// <exception cref="ArgumentException">The adapter is for another network; the message says what differs.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The strength is out of range.</exception>
    public GMemModel WithAdapter(LowRankAdapter adapter, double strength = 1)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        if (strength is not (>= -10 and <= 10))
        {
            throw new ArgumentOutOfRangeException(nameof(strength), strength, "The strength of an adapter must be from -10 to 10.");
        }

        using UseScope use = Use();
        return new GMemModel(Core.Plain.WithAdapter(adapter, strength), _memory, Sampling);
    }

    /// <summary>The model without its adapter: its network has the bits that it had before one was added.</summary>
    /// <returns>A model that shares bank and encoder. Dispose both.</returns>
    public GMemModel WithoutAdapter()
    {
        using UseScope use = Use();
        return new GMemModel(Core.Plain.Share(), _memory, Sampling);
    }
}

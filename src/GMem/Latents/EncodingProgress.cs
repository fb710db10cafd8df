namespace GMem.Latents;

/// <summary>
/// How far the encoding of the training images has come. It is done once, before training; what an earlier run left in the workspace is
/// found, not encoded.
/// </summary>
/// <param name="Encoded">Images that this run encoded; 0 in a phase other than <see cref="EncodingPhase.Images"/>.</param>
/// <param name="Found">Images whose latents, snippets or tokens an earlier run had encoded; likewise.</param>
/// <param name="Total">All images.</param>
public readonly record struct EncodingProgress(long Encoded, long Found, long Total)
{
    /// <summary>What is being done. A phase other than <see cref="EncodingPhase.Images"/> is reported once, when it begins.</summary>
    public EncodingPhase Phase { get; init; }

    /// <summary>What went wrong and was put right, such as a damaged file that is encoded again; null for nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>The report as a line, without a full stop: the phase, and of the encoding how far it is.</summary>
    /// <returns>For instance <c>Encoded 320 images of 1000</c>, or the warning where there is one.</returns>
    public override string ToString() => Warning ?? Phase switch
    {
        EncodingPhase.Encoder => string.Create(CultureInfo.InvariantCulture, $"Fitting the encoder to {Total} images"),
        EncodingPhase.Statistics => "Computing the statistics of the latents",
        EncodingPhase.Memory => string.Create(CultureInfo.InvariantCulture, $"Building the memory bank of {Total} entries"),
        EncodingPhase.Source => string.Create(CultureInfo.InvariantCulture, $"Fitting the source of the flow to {Total} images"),
        _ => string.Create(CultureInfo.InvariantCulture, $"Encoded {Encoded} images of {Total}")
            + (Found > 0 ? string.Create(CultureInfo.InvariantCulture, $"; found {Found} that an earlier run had encoded") : ""),
    };
}

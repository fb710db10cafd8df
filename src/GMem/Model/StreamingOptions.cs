using GMem.Sampling;

namespace GMem;

/// <summary>How <see cref="GMemModel.GenerateAsync"/> hands images out.</summary>
public sealed class StreamingOptions
{
    /// <summary>Images made at once; they come out together. From 1 to 65,536. Default 16.</summary>
    public int BatchSize { get; set; } = 16;

    /// <summary>
    /// A preview of every image after every so many steps of the solver, or 0 for none. At least 0. Default 0. With an autoencoder each
    /// preview costs a decoding; none are given with an adaptive solver such as <see cref="OdeMethod.Dopri5"/>.
    /// </summary>
    public int PreviewEveryNStep { get; set; }

    /// <summary>
    /// Told after every step of the solver how far a batch is (of several threads that share it, by one), on the thread that generates.
    /// Default null.
    /// </summary>
    public IProgress<SamplingProgress>? Progress { get; set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        OptionFaults faults = new(nameof(StreamingOptions));
        faults.RequireFrom(1, 65536, BatchSize, nameof(BatchSize));
        faults.Require(PreviewEveryNStep >= 0, nameof(PreviewEveryNStep), PreviewEveryNStep, "at least 0 (0 for no previews)");
        faults.Throw();
    }

    internal StreamingOptions Clone() => (StreamingOptions)MemberwiseClone();
}

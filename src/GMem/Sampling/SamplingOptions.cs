namespace GMem.Sampling;

/// <summary>How noise is turned into an image.</summary>
public sealed class SamplingOptions
{
    /// <summary>Steps of the solver. At least 1. Default 50.</summary>
    public int Steps { get; set; } = 50;
}

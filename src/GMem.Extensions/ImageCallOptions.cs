using GMem.Memory;
using GMem.Sampling;

namespace GMem.Extensions;

/// <summary>Options for one call of an <see cref="ImageService"/>.</summary>
public sealed class ImageCallOptions
{
    /// <summary>
    /// Who calls: a user's name, an API key, an address. Callers take turns, whatever the number of their calls and images, and
    /// <see cref="ImageServiceOptions.CallerCapacity"/> counts by this key. Null makes the call a caller of its own. Default null.
    /// </summary>
    public string? Caller { get; set; }

    /// <summary>Whether to yield previews too (<see cref="ImageServiceOptions.PreviewEveryNStep"/>). Default false.</summary>
    public bool Previews { get; set; }

    /// <summary>
    /// Overrides <see cref="ImageServiceOptions.Timeout"/>; null for that value. Above 0 and at most 24 days. Default null.
    /// </summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>
    /// The bank to draw from, such as an edited copy of <see cref="ImageService.Memory"/>; null for that one. Images of calls with a bank
    /// or sampling of their own do not share batches with those of other calls. Default null.
    /// </summary>
    public MemoryBank? Memory { get; set; }

    /// <summary>How the images are made; null for <see cref="ImageServiceOptions.Sampling"/>. Default null.</summary>
    public SamplingOptions? Sampling { get; set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message says which.</exception>
    public void Validate()
    {
        if (!ImageServiceOptions.IsTimeout(Timeout))
        {
            throw new ArgumentException(
                $"{nameof(ImageCallOptions)}: Timeout is {Timeout}, it must be above 0 and at most 24 days, or null.");
        }

        Sampling?.Validate();
    }

    internal ImageCallOptions Clone() => (ImageCallOptions)MemberwiseClone();
}

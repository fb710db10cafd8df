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

    /// <summary>Overrides <see cref="ImageServiceOptions.Timeout"/>; null for that value. Above 0. Default null.</summary>
    public TimeSpan? Timeout { get; set; }
}

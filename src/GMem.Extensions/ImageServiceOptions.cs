using GMem.Sampling;

namespace GMem.Extensions;

/// <summary>How an <see cref="ImageService"/> works.</summary>
public sealed class ImageServiceOptions
{
    /// <summary>
    /// Images of different callers that are made at once. At least 1. Default 16. More use the machine better; each waits for the slowest.
    /// </summary>
    public int BatchSize { get; set; } = new StreamingOptions().BatchSize;

    /// <summary>A preview after every so many steps, for the callers that want any; 0 for none. At least 0. Default 5.</summary>
    public int PreviewEveryNStep { get; set; } = 5;

    /// <summary>Images that may wait; who comes later waits for a place before being queued. At least 1. Default 1024.</summary>
    public int QueueCapacity { get; set; } = 1024;

    /// <summary>Index of the GPU; it must be there. Null takes the first GPU if there is one, else the CPU. Default null.</summary>
    public int? GpuDeviceId { get; set; }

    /// <summary>How images are made; null as the model says. Default null.</summary>
    public SamplingOptions? Sampling { get; set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message names every one.</exception>
    public void Validate()
    {
        List<string> faults = [];
        Require(faults, BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Require(faults, PreviewEveryNStep >= 0, nameof(PreviewEveryNStep), PreviewEveryNStep, "at least 0 (0 for no previews)");
        Require(faults, QueueCapacity >= 1, nameof(QueueCapacity), QueueCapacity, "at least 1");
        Require(faults, GpuDeviceId is null or >= 0, nameof(GpuDeviceId), GpuDeviceId ?? 0, "at least 0, or null");
        if (faults.Count > 0)
        {
            throw new ArgumentException($"{nameof(ImageServiceOptions)}: {string.Join("; ", faults)}.");
        }

        Sampling?.Validate();
    }

    internal ImageServiceOptions Clone() => (ImageServiceOptions)MemberwiseClone();

    private static void Require(List<string> faults, bool holds, string name, int value, string expected)
    {
        if (!holds)
        {
            faults.Add(FormattableString.Invariant($"{name} is {value}, it must be {expected}"));
        }
    }
}

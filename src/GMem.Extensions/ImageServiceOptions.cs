using GMem.Sampling;

namespace GMem.Extensions;

/// <summary>Options for <see cref="ImageService"/>.</summary>
public sealed class ImageServiceOptions
{
    /// <summary>
    /// Maximum number of images, possibly of different callers, generated at once. At least 1. Default 16. Larger batches use the hardware
    /// better, but every image waits for the slowest.
    /// </summary>
    public int BatchSize { get; set; } = new StreamingOptions().BatchSize;

    /// <summary>Number of steps between previews, for callers that want them; 0 for no previews. At least 0. Default 5.</summary>
    public int PreviewEveryNStep { get; set; } = 5;

    /// <summary>Maximum number of queued images. When the queue is full, callers wait. At least 1. Default 1024.</summary>
    public int QueueCapacity { get; set; } = 1024;

    /// <summary>Index of the GPU, which must exist. Null uses the first GPU if there is one, else the CPU. Default null.</summary>
    public int? GpuDeviceId { get; set; }

    /// <summary>Sampling options; null to use the model's own. Default null.</summary>
    public SamplingOptions? Sampling { get; set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more values are out of range; the message names them all.</exception>
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

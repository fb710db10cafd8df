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

    /// <summary>
    /// Maximum number of waiting images where calls are refused beyond it (<see cref="QueueFullMode.Refuse"/>); not used where they wait.
    /// At least 1. Default 1024.
    /// </summary>
    public int QueueCapacity { get; set; } = 1024;

    /// <summary>Whether a call waits or is refused when the queue is full. Default <see cref="QueueFullMode.Wait"/>.</summary>
    public QueueFullMode WhenFull { get; set; }

    /// <summary>
    /// Maximum number of images that one caller (<see cref="ImageCallOptions.Caller"/>) may have waiting or in progress; a call that
    /// exceeds it is refused, whatever <see cref="WhenFull"/> says. At least 1, or null for no limit. Default null.
    /// </summary>
    public int? CallerCapacity { get; set; }

    /// <summary>
    /// Maximum number of images of one call that are in progress or finished but not yet read. No more are generated for a call whose
    /// reader is slower than that; previews beyond the same number are dropped. At least 1. Null for twice <see cref="BatchSize"/>.
    /// Default null.
    /// </summary>
    public int? UnreadCapacity { get; set; }

    /// <summary>
    /// Longest time that a call waits for its next finished image, queueing included; the call then ends with a
    /// <see cref="TimeoutException"/>. The time that the reader spends on an image does not count. Above 0, at most 24 days, or null for
    /// no limit. Default null.
    /// </summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Index of the GPU, which must exist. Null uses the first GPU if there is one, else the CPU. Default null.</summary>
    public int? GpuDeviceId { get; set; }

    /// <summary>Sampling options; null to use the model's own. Default null.</summary>
    public SamplingOptions? Sampling { get; set; }

    internal int Unread => UnreadCapacity ?? (int)Math.Min(2L * BatchSize, int.MaxValue);

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One or more values are out of range; the message names them all.</exception>
    public void Validate()
    {
        List<string> faults = [];
        Require(faults, BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Require(faults, PreviewEveryNStep >= 0, nameof(PreviewEveryNStep), PreviewEveryNStep, "at least 0 (0 for no previews)");
        Require(faults, QueueCapacity >= 1, nameof(QueueCapacity), QueueCapacity, "at least 1");
        Require(faults, Enum.IsDefined(WhenFull), nameof(WhenFull), WhenFull, "Wait or Refuse");
        Require(faults, CallerCapacity is null or >= 1, nameof(CallerCapacity), CallerCapacity, "at least 1, or null");
        Require(faults, UnreadCapacity is null or >= 1, nameof(UnreadCapacity), UnreadCapacity, "at least 1, or null");
        Require(faults, IsTimeout(Timeout), nameof(Timeout), Timeout, "above 0 and at most 24 days, or null");
        Require(faults, GpuDeviceId is null or >= 0, nameof(GpuDeviceId), GpuDeviceId, "at least 0, or null");
        if (faults.Count > 0)
        {
            throw new ArgumentException($"{nameof(ImageServiceOptions)}: {string.Join("; ", faults)}.");
        }

        Sampling?.Validate();
    }

    internal static bool IsTimeout(TimeSpan? timeout) => timeout is null || (timeout > TimeSpan.Zero && timeout <= TimeSpan.FromDays(24));

    internal ImageServiceOptions Clone() => (ImageServiceOptions)MemberwiseClone();

    private static void Require(List<string> faults, bool holds, string name, object? value, string expected)
    {
        if (!holds)
        {
            faults.Add(FormattableString.Invariant($"{name} is {value}, it must be {expected}"));
        }
    }
}

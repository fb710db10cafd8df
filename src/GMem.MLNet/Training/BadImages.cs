namespace GMem.MLNet.Training;

/// <summary>Decides over images that cannot be read: named once each and counted, or the end of the run.</summary>
internal sealed class BadImages(BadImageHandling handling, IChannel channel)
{
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private readonly List<SkippedImage> _skipped = [];

    /// <summary>Rows that were left out.</summary>
    public IReadOnlyList<SkippedImage> Skipped => _skipped;

    /// <summary>Whether a failure to read, decode or crop an image is one of that image, and is to be passed over.</summary>
    public bool IsSkipped(Exception fault) => IsSkipped(fault, handling);

    /// <summary>The same for one who keeps no account.</summary>
    public static bool IsSkipped(Exception fault, BadImageHandling handling) => handling == BadImageHandling.Skip
        && fault is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    /// <summary>Leaves a row out.</summary>
    public void Skip(string source, Exception fault)
    {
        _skipped.Add(new SkippedImage(source, fault.Message));
        if (_named.Add(fault.Message))
        {
            channel.Warning(MessageSensitivity.UserData, $"Skipped: {fault.Message}");
        }
    }

    /// <summary>The sum at the end.</summary>
    public void Report(long good)
    {
        if (_skipped.Count > 0)
        {
            channel.Warning(
                MessageSensitivity.None,
                $"Skipped {_skipped.Count} of {_skipped.Count + good} images, which could not be read. Options.BadImages = "
                    + $"{nameof(BadImageHandling.Throw)} stops at the first instead.");
        }
    }
}

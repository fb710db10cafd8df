namespace GMem.Tool.Output;

/// <summary>Durations as one says them.</summary>
internal static class DurationText
{
    /// <summary>About how long: <c>about 12 minutes</c>.</summary>
    public static string About(TimeSpan time)
    {
        (double count, string unit) = time switch
        {
            { TotalSeconds: < 90 } => (Math.Max(1, Math.Round(time.TotalSeconds)), "second"),
            { TotalMinutes: < 90 } => (Math.Round(time.TotalMinutes), "minute"),
            { TotalHours: < 36 } => (Math.Round(time.TotalHours, 1), "hour"),
            _ => (Math.Round(time.TotalDays, 1), "day"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"about {count} {unit}{(count == 1 ? "" : "s")}");
    }
}

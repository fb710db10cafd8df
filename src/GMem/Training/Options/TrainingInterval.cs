namespace GMem.Training;

/// <summary>How often something happens in a run: every so many steps, or whenever so much time has passed.</summary>
public readonly record struct TrainingInterval
{
    private TrainingInterval(long steps, TimeSpan time)
    {
        Steps = steps;
        Time = time;
    }

    /// <summary>Not at all (but for the end of the run).</summary>
    public static TrainingInterval Never => default;

    /// <summary>Steps between two; 0 where a time is meant.</summary>
    public long Steps { get; }

    /// <summary>Time between two; zero where steps are meant.</summary>
    public TimeSpan Time { get; }

    internal bool IsValid => Steps >= 0 && Time >= TimeSpan.Zero;

    /// <summary>Every so many steps, which makes what is written at them the same in every run.</summary>
    /// <param name="steps">At least 1.</param>
    public static implicit operator TrainingInterval(long steps) => new(steps == 0 ? -1 : steps, TimeSpan.Zero);

    /// <summary>Whenever so much time has passed, at the end of a step.</summary>
    /// <param name="time">Above zero.</param>
    public static implicit operator TrainingInterval(TimeSpan time) => new(0, time == TimeSpan.Zero ? TimeSpan.FromTicks(-1) : time);

    /// <summary>The same as the conversion from a number.</summary>
    /// <param name="steps">At least 1.</param>
    /// <returns>The interval.</returns>
    public static TrainingInterval FromInt64(long steps) => steps;

    /// <summary>The same as the conversion from a time.</summary>
    /// <param name="time">Above zero.</param>
    /// <returns>The interval.</returns>
    public static TrainingInterval FromTimeSpan(TimeSpan time) => time;

    /// <inheritdoc/>
    public override string ToString() => this == Never
        ? "never"
        : Steps != 0 ? string.Create(CultureInfo.InvariantCulture, $"{Steps} steps") : Time.ToString(null, CultureInfo.InvariantCulture);

    /// <param name="step">Steps done.</param>
    /// <param name="sinceLast">Time since it last happened.</param>
    internal bool IsDue(long step, TimeSpan sinceLast) => Steps > 0 ? step % Steps == 0 : Time > TimeSpan.Zero && sinceLast >= Time;
}

using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// Classifier-free guidance: unconditional + scale (conditional - unconditional), within an interval of times (arXiv 2207.12598; interval:
/// arXiv 2404.07724). Immutable.
/// </summary>
/// <remarks>
/// Below the interval's start only the conditional pass runs, above its end only the unconditional one; inside it both run, as
/// one pass of twice the rows. At a scale of 1 there is no guidance: only the conditional pass runs, whatever the interval.
/// </remarks>
internal sealed class Guidance
{
    /// <summary>Describes the guidance.</summary>
    /// <param name="scale">The scale, at least 0; 1 is none. Public GMem setting: 7.75.</param>
    /// <param name="intervalStart">
    /// From which t on predictions are guided, inclusive; null: from the noise. Public GMem setting: 0.89.
    /// </param>
    /// <param name="intervalEnd">Up to which t predictions are guided, inclusive; null: to the data.</param>
    /// <param name="channels">
    /// How many of the first channels are guided, the others keeping the conditional prediction; null: all. The original SiT guides 3.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The scale is negative or not finite, a time is not a number or the interval is empty, or there are no channels.
    /// </exception>
    public Guidance(double scale, double? intervalStart = null, double? intervalEnd = null, int? channels = null)
    {
        if (!(scale >= 0 && double.IsFinite(scale)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(scale), scale, "The guidance scale must be finite and at least 0; 1 is no guidance.");
        }

        if (intervalStart is double.NaN || intervalEnd is double.NaN || intervalStart > intervalEnd)
        {
            throw new ArgumentOutOfRangeException(
                nameof(intervalStart),
                intervalStart,
                $"The guidance interval must begin before it ends; its end is {intervalEnd?.ToString() ?? "open"}.");
        }

        if (channels < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "At least one channel must be guided; null guides all.");
        }

        (Scale, IntervalStart, IntervalEnd, Channels) = (scale, intervalStart, intervalEnd, channels);
    }

    private enum Passes
    {
        Conditional,
        Both,
        Unconditional,
    }

    /// <summary>No guidance: the conditional prediction alone.</summary>
    public static Guidance None { get; } = new(1);

    /// <summary>The scale; 1 is no guidance.</summary>
    public double Scale { get; }

    /// <summary>From which t on predictions are guided.</summary>
    public double? IntervalStart { get; }

    /// <summary>Up to which t predictions are guided.</summary>
    public double? IntervalEnd { get; }

    /// <summary>How many of the first channels are guided; null for all.</summary>
    public int? Channels { get; }

    /// <summary>Whether there is any guidance, so that a null condition is needed.</summary>
    public bool IsActive => Scale != 1;

    /// <summary>The guided prediction, where each row may have its own time: each is treated by that alone.</summary>
    /// <param name="network">The network.</param>
    /// <param name="x">States <c>[B, C, ...]</c>.</param>
    /// <param name="t">Times <c>[B]</c>. With an interval they are read on the host, which waits for the device.</param>
    /// <param name="condition">Conditions <c>[B, ...]</c>.</param>
    /// <param name="nullCondition">
    /// The null condition of each row <c>[B, ...]</c>, or one for all <c>[1, ...]</c>. Not needed without guidance.
    /// </param>
    /// <returns>The guided prediction <c>[B, C, ...]</c>.</returns>
    /// <exception cref="ArgumentException">A condition that is needed is missing or does not fit.</exception>
    public Tensor Predict(NetworkFunction network, Tensor x, Tensor t, Tensor? condition, Tensor? nullCondition = null)
    {
        CheckConditions(x.size(0), condition, nullCondition);
        if (!IsActive || (IntervalStart is null && IntervalEnd is null))
        {
            return Run(IsActive ? Passes.Both : Passes.Conditional, network, x, t, condition, nullCondition);
        }

        using DisposeScope scope = NewDisposeScope();
        Passes[] passes = PassesOfRows(t);
        if (passes.Distinct().Count() == 1)
        {
            return Run(passes[0], network, x, t, condition, nullCondition).MoveToOuterDisposeScope();
        }

        Tensor result = empty_like(x);
        foreach (IGrouping<Passes, int> group in Enumerable.Range(0, passes.Length).GroupBy(row => passes[row]))
        {
            Tensor rows = tensor(group.Select(row => (long)row).ToArray(), device: x.device);
            Tensor? rowsOfNull = nullCondition?.size(0) == 1 ? nullCondition : nullCondition?.index_select(0, rows);
            Tensor? ofRows = condition?.index_select(0, rows);
            result.index_copy_(0, rows, Run(group.Key, network, x.index_select(0, rows), t.index_select(0, rows), ofRows, rowsOfNull));
        }

        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The guided prediction at one time for all rows, known to the host.</summary>
    /// <param name="network">The network.</param>
    /// <param name="x">States.</param>
    /// <param name="time">The time.</param>
    /// <param name="condition">Conditions.</param>
    /// <param name="nullCondition">The null condition.</param>
    /// <param name="offset">From the null condition's source to the states'; null where both are N(0, I).</param>
    internal Tensor PredictAt(
        NetworkFunction network, Tensor x, double time, Tensor? condition, Tensor? nullCondition, SourceOffset? offset = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor t = x.Filled(x.size(0), time);
        return Run(PassesAt(time, IntervalStart, IntervalEnd), network, x, t, condition, nullCondition, offset).MoveToOuterDisposeScope();
    }

    internal void CheckConditions(long rows, Tensor? condition, Tensor? nullCondition)
    {
        if (condition is not null && condition.size(0) != rows)
        {
            throw new ArgumentException($"There are {condition.size(0)} conditions for {rows} rows; give one a row.", nameof(condition));
        }

        if (IsActive && condition is null)
        {
            throw new ArgumentException($"Guidance of scale {Scale} needs conditions; without them set the scale to 1.", nameof(condition));
        }

        if (IsActive && (nullCondition is null || (nullCondition.size(0) != rows && nullCondition.size(0) != 1)))
        {
            throw new ArgumentException(
                $"Guidance of scale {Scale} needs a null condition for {rows} rows (or one for all); "
                + $"given {(nullCondition is null ? "was none" : $"were {nullCondition.size(0)}")}.",
                nameof(nullCondition));
        }
    }

    private Passes[] PassesOfRows(Tensor t)
    {
        // A bound is compared in the precision of the times, so that a time equal to it lies inside.
        bool single = t.dtype == ScalarType.Float32;
        double? Rounded(double? bound) => single ? (float?)bound : bound;
        (double? start, double? end) = (Rounded(IntervalStart), Rounded(IntervalEnd));
        return [.. t.to(ScalarType.Float64).cpu().data<double>().Select(time => PassesAt(time, start, end))];
    }

    private Passes PassesAt(double time, double? start, double? end) =>
        !IsActive || time < start ? Passes.Conditional : time > end ? Passes.Unconditional : Passes.Both;

    private Tensor Run(
        Passes passes, NetworkFunction network, Tensor x, Tensor t, Tensor? condition, Tensor? nullCondition, SourceOffset? offset = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? ofRows = passes == Passes.Conditional ? null : Expand(nullCondition!, x.size(0));
        Tensor nullState = passes == Passes.Conditional ? x : offset?.NullState(x, t) ?? x;
        Tensor prediction = passes switch
        {
            Passes.Conditional => Predictions.Checked(network(x, t, condition), x),
            Passes.Unconditional => Unconditional(Predictions.Checked(network(nullState, t, ofRows), x)),
            _ => RunBoth(),
        };
        return prediction.MoveToOuterDisposeScope();

        Tensor Unconditional(Tensor ofNull) => offset?.Prediction(ofNull, t) ?? ofNull;

        Tensor RunBoth()
        {
            Tensor doubled = cat([x, nullState]);
            Tensor[] halves = Predictions.Checked(network(doubled, cat([t, t]), cat([condition!, ofRows!])), doubled).chunk(2);
            return Combine(halves[0], Unconditional(halves[1]), x.size(1));
        }
    }

    private Tensor Combine(Tensor conditional, Tensor unconditional, long all)
    {
        if (Channels is not { } channels || channels >= all)
        {
            return unconditional.PlusScaled(Scale, conditional.sub(unconditional));
        }

        Tensor first = conditional.narrow(1, 0, channels).sub(unconditional.narrow(1, 0, channels));
        Tensor guided = unconditional.narrow(1, 0, channels).PlusScaled(Scale, first);
        return cat([guided, conditional.narrow(1, channels, all - channels)], 1);
    }

    private static Tensor Expand(Tensor nullCondition, long rows)
    {
        if (nullCondition.size(0) == rows)
        {
            return nullCondition;
        }

        long[] shape = nullCondition.shape;
        shape[0] = rows;
        return nullCondition.expand(shape);
    }
}

using GMem.Sampling;

namespace GMem.Tests.Model.Tuning;

/// <summary>The search by itself, on functions whose least values are known.</summary>
public sealed class SamplingSearchTests
{
    private static readonly TuningOptions Options = new();

    private static readonly TunedSetting[] Settings =
        [TunedSetting.Guidance(Options, end: null), TunedSetting.Shift(Options), TunedSetting.Novelty(Options)];

    /// <summary>The sum of a bowl for each setting, whose least value is at one of the grid's points.</summary>
    [Theory]
    [InlineData(1.0, null, 0.0, null)]
    [InlineData(1.5, 0.5, 0.3, 0.9)]
    [InlineData(3.0, null, 2.0, 0.8)]
    [InlineData(2.0, 0.5, 0.0, 0.95)]
    public void Run_BowlOnTheGrid_FindsItsBottom(double scale, double? start, double shift, double? cosine)
    {
        SamplingSearch search = new((change, s) => new TuningCandidate(change, s, Bowl(s), null, TimeSpan.Zero), mostCopies: null);
        TuningCandidate best = search.Run(new SamplingOptions { TimestepShift = 7, Steps = 9 }, Settings, rounds: 1);
        Assert.Equal((scale, start, shift, 9), (
            best.Sampling.GuidanceScale, best.Sampling.GuidanceIntervalStart, best.Sampling.TimestepShift, best.Sampling.Steps));
        Assert.Equal(cosine, best.Sampling.Novelty?.Cosine);
        Assert.Equal(search.All.Min(c => c.Distance), best.Distance);

        double Bowl(SamplingOptions s) => 1 + Math.Abs(s.GuidanceScale - scale)
            + Math.Abs((s.GuidanceIntervalStart ?? 0) - (start ?? 0)) + Math.Abs(s.TimestepShift - shift)
            + Math.Abs((s.Novelty?.Cosine ?? 1) - (cosine ?? 1));
    }

    /// <summary>Where settings depend on each other, a second round goes further; nothing is measured twice.</summary>
    [Fact]
    public void Run_SettingsThatDependOnEachOther_SecondRoundIsBetter()
    {
        static double Valley(SamplingOptions s) => s switch
        {
            { GuidanceScale: 3, TimestepShift: 2 } => 0,
            { TimestepShift: 2 } => 2,
            { GuidanceScale: 3 } => 5,
            _ => 4,
        };
        List<SamplingOptions> measured = [];
        TuningCandidate Measure(string change, SamplingOptions sampling)
        {
            measured.Add(sampling);
            return new TuningCandidate(change, sampling, Valley(sampling), null, TimeSpan.Zero);
        }

        Assert.Equal(2, new SamplingSearch(Measure, null).Run(new SamplingOptions(), Settings, rounds: 1).Distance);
        measured.Clear();
        Assert.Equal(0, new SamplingSearch(Measure, null).Run(new SamplingOptions(), Settings, rounds: 2).Distance);
        Assert.Equal(measured.Count, measured.Distinct().Count());
        int ofTwo = measured.Count;
        measured.Clear();
        _ = new SamplingSearch(Measure, null).Run(new SamplingOptions(), Settings, rounds: 10);

        // The third round comes to nothing new, and is the last.
        Assert.Equal(ofTwo, measured.Count);
    }

    [Fact]
    public void Run_CandidateThatCopiesMoreThanUnseenPictures_DoesNotWin()
    {
        static TuningCandidate Measure(string change, SamplingOptions s) =>
            new(change, s, 10 - s.GuidanceScale, s.GuidanceScale > 1.5 ? 0.11 : 0.1, TimeSpan.Zero);
        Assert.Equal(1.5, new SamplingSearch(Measure, mostCopies: 0.1).Run(new SamplingOptions(), Settings, 2).Sampling.GuidanceScale);
        Assert.Equal(3, new SamplingSearch(Measure, mostCopies: null).Run(new SamplingOptions(), Settings, 2).Sampling.GuidanceScale);
        Assert.Equal(3, new SamplingSearch(Measure, mostCopies: 0.11).Run(new SamplingOptions(), Settings, 2).Sampling.GuidanceScale);
        Assert.Equal("untuned", new SamplingSearch(Measure, mostCopies: 0.05).Run(new SamplingOptions(), Settings, 2).Change);
    }

    [Fact]
    public void Run_NothingBetter_KeepsTheUntunedAndStops()
    {
        int count = 0;
        TuningCandidate Measure(string change, SamplingOptions s) =>
            new(change, s, ++count == 1 ? 1 : 1 + (count % 2), null, TimeSpan.Zero);
        TuningCandidate best = new SamplingSearch(Measure, null).Run(new SamplingOptions { GuidanceScale = 1.1 }, Settings, rounds: 10);
        Assert.Equal(("untuned", 1.1), (best.Change, best.Sampling.GuidanceScale));
        Assert.Equal(1 + 9 + 3 + 3, count);
    }

    [Fact]
    public void Describe_AllSettings_NamesWhatDiffers() => Assert.Equal(
        "guidance 1.5 from t = 0.5, no shift, novelty 0.9",
        TunedSetting.Describe(
            new SamplingOptions { GuidanceScale = 1.5, GuidanceIntervalStart = 0.5, Novelty = new SnippetNovelty() },
            new SamplingOptions { TimestepShift = 2 }));

    [Fact]
    public void Guidance_IntervalOfTheModelThatEnds_BeginsBeforeIt()
    {
        TunedSetting guidance = TunedSetting.Guidance(Options, end: 0.4);
        SamplingOptions model = new() { GuidanceIntervalEnd = 0.4 };
        Assert.All(guidance.Values, apply => apply(model).Validate());
        Assert.Equal(
            ["untuned", "guidance 1.25", "guidance 1.5", "guidance 2", "guidance 3"],
            guidance.Values.Select(apply => TunedSetting.Describe(apply(model), model)));
    }
}

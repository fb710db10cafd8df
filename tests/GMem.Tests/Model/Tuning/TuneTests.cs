using GMem.Backbone;
using GMem.Latents;
using GMem.Sampling;
using GMem.Tests.Shared;
using GMem.Training;
using TorchSharp;

namespace GMem.Tests.Model.Tuning;

/// <summary>Searching how a model samples, from pictures to saved settings.</summary>
public sealed class TuneTests
{
    private static readonly TuningOptions Small = new()
    {
        Samples = 16,
        Rounds = 1,
        GuidanceScales = [1, 1.5],
        GuidanceIntervalStarts = [0],
        TimestepShifts = [0, 0.5],
        NoveltyCosines = [1, 0.9],
    };

    /// <summary>
    /// Three steps that a shift of 1000 puts next to the data leave almost all of the noise: any other shift is better.
    /// </summary>
    [Fact]
    public void Tune_ModelWithABadShift_IsBetterOnBothHalvesAndIsSaved()
    {
        using GMemModel bad = Train(new SamplingOptions { Steps = 3, TimestepShift = 1000 });
        using torch.Tensor real = Pictures(60, first: 24), training = Pictures(24);
        List<TuningCandidate> told = [];
        TuningResult result = bad.Tune(real, Small, training, new Told(told));

        Assert.False(result.IsKept);
        Assert.NotEqual(1000, result.Sampling.TimestepShift);
        Assert.True(result.Chosen.Tuned.Distance < result.Chosen.Untuned.Distance);
        Assert.True(result.Report.Tuned.Distance < result.Report.Untuned.Distance);
        Assert.Equal(result.Candidates.Min(c => result.MayWin(c) ? c.Distance : double.MaxValue), result.Chosen.Tuned.Distance);
        Assert.Equal(30, result.RealCount);
        Assert.Empty(result.Skipped);
        Assert.Equal([.. result.Candidates, result.Report.Untuned, result.Report.Tuned], told);
        string text = result.ToString();
        Assert.Contains("<- chosen", text, StringComparison.Ordinal);
        Assert.All(result.Candidates, c => Assert.Contains(c.Change, text, StringComparison.Ordinal));

        using GMemModel tuned = bad.WithSampling(result.Sampling);
        MemoryArchive archive = new();
        tuned.Save(archive);
        using GMemModel loaded = GMemModel.Load(archive, torch.CPU);
        Assert.Equal(result.Sampling, loaded.Sampling);
        Assert.Equal(TinyModel.Generate(tuned, new(1), new(2)), TinyModel.Generate(loaded, new(1), new(2)));
        Assert.NotEqual(TinyModel.Generate(bad, new(1), new(2)), TinyModel.Generate(loaded, new(1), new(2)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tune_Twice_SameFiguresAndNoTensorsLeft(bool centred)
    {
        using GMemModel model = Train(new SamplingOptions { Steps = 2 }, centred: centred);
        using torch.Tensor real = Pictures(20, first: 24);
        TuningResult first = model.Tune(real, Small);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        TuningResult second = model.Tune(real, Small);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(Figures(first), Figures(second));
        Assert.Equal(
            ["novelty: it is for fewer copies, which are not measured without the training pictures",
                "copies: not measured without the training pictures, so a candidate may win by copying"],
            first.Skipped);
        Assert.All(first.Candidates, c => Assert.Null(c.CopyShare));

        // Other halves and other seeds give other figures.
        TuningOptions other = new() { Samples = 16, Rounds = 1, Seed = 5, GuidanceScales = [], TimestepShifts = [] };
        Assert.NotEqual(Figures(first).First(), Figures(model.Tune(real, other)).First());

        static IEnumerable<(string, double, double)> Figures(TuningResult result) =>
            result.Candidates.Select(c => (c.Change, c.Distance, result.Report.Tuned.Distance));
    }

    /// <summary>Real pictures that are the training pictures: every candidate may copy as much as they do, which is all.</summary>
    [Fact]
    public void Tune_CopyShare_IsThatOfTheCopyCheck()
    {
        using GMemModel model = Train(new SamplingOptions { Steps = 2 });
        using torch.Tensor training = Pictures(24);
        TuningResult result = model.Tune(training, Small, training);
        Assert.Equal(1, result.Chosen.UnseenCopyShare);
        Assert.All(result.Candidates, c => Assert.InRange(c.CopyShare!.Value, 0, 1));
        Assert.All(result.Candidates, c => Assert.True(result.MayWin(c)));
    }

    [Fact]
    public void Tune_WhatAModelLacks_IsSkippedByName()
    {
        using torch.Tensor real = Pictures(16, first: 24), training = Pictures(24);
        using GMemModel noDropout = Train(new SamplingOptions { Steps = 1 }, new SnippetCondition { Dropout = 0 });
        Assert.Equal(
            ["guidance: the network was trained without snippet dropout, so it does not know the null condition"],
            noDropout.Tune(real, Small, training).Skipped);

        using GMemModel plain = Train(new SamplingOptions { Steps = 1 }, condition: null);
        TuningResult unconditional = plain.Tune(real, Small, training);
        Assert.Equal(
            ["guidance: the network is not conditioned on anything", "novelty: the model has no memory bank"], unconditional.Skipped);
        Assert.Equal(
            ["untuned", "shift 0.5"], unconditional.Candidates.Select(c => c.Change));

        using GMemModel adaptive = noDropout.WithSampling(
            new SamplingOptions { OdeMethod = OdeMethod.Dopri5, RelativeTolerance = 1, AbsoluteTolerance = 1 });
        Assert.Contains("timestep shift: Dopri5 chooses its own steps", adaptive.Tune(real, Small, training).Skipped);
    }

    [Fact]
    public void Tune_PicturesThatDoNotFit_AreRefused()
    {
        using GMemModel model = Train(new SamplingOptions { Steps = 1 });
        using torch.Tensor few = Pictures(15), enough = Pictures(16), one = Pictures(1);
        using torch.Tensor other = torch.zeros(16, 3, 8, 12, dtype: torch.uint8);
        Assert.StartsWith(
            "There are 15 real pictures, expected at least 16: half of them to choose on, half for the report.",
            Refused(() => model.Tune(few)), StringComparison.Ordinal);
        Assert.StartsWith(
            "The real pictures must be uint8 [N, 3, 8, 8], as the model makes them; these are Byte [16, 3, 8, 12].",
            Refused(() => model.Tune(other)), StringComparison.Ordinal);
        Assert.StartsWith("There are 1 training pictures, expected at least 2.", Refused(() => model.Tune(enough, training: one)),
            StringComparison.Ordinal);
        Assert.Contains("Samples is 15, it must be from 16", Refused(() => model.Tune(enough, new TuningOptions { Samples = 15 })),
            StringComparison.Ordinal);
        Assert.Contains("NoveltyCosines is 0, it must be", Refused(() => model.Tune(enough, new TuningOptions { NoveltyCosines = [0] })),
            StringComparison.Ordinal);

        static string Refused(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;
    }

    [Fact]
    public void Tune_Cancelled_Stops()
    {
        using GMemModel model = Train(new SamplingOptions { Steps = 1 });
        using torch.Tensor real = Pictures(16);
        using CancellationTokenSource stop = new();
        List<TuningCandidate> told = [];
        _ = Assert.ThrowsAny<OperationCanceledException>(
            () => model.Tune(real, Small, progress: new Told(told, () => stop.Cancel()), cancellationToken: stop.Token));
        Assert.Single(told);
    }

    private static GMemModel Train(SamplingOptions sampling, bool centred = false) =>
        Train(sampling, new SnippetCondition { Dropout = 0.1 }, centred);

    private static GMemModel Train(SamplingOptions sampling, Condition? condition, bool centred = false)
    {
        GMemOptions options = TinyModel.Options(steps: 60);
        options.Network = options.Network with { Conditions = condition is null ? [] : [condition] };
        options.Training.LearningRate = 5e-3;
        options.Training.Source = centred ? new CentredSource() : null;
        options.Sampling = sampling;
        return TinyModel.Train(options);
    }

    private static torch.Tensor Pictures(int count, int first = 0)
    {
        using TrainingImages images = TinyModel.Images(first + count);
        return images.Pixels.narrow(0, first, count).clone();
    }

    private sealed class Told(List<TuningCandidate> told, Action? then = null) : IProgress<TuningCandidate>
    {
        public void Report(TuningCandidate value)
        {
            told.Add(value);
            then?.Invoke();
        }
    }
}

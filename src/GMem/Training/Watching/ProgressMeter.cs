using System.Diagnostics;

namespace GMem.Training;

/// <summary>Averages the loss terms between reports, on the device, and turns elapsed time into rates.</summary>
internal sealed class ProgressMeter : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly IReadOnlyList<LossTerm> _terms;
    private readonly long _imageCount;
    private readonly StepClock _clock;
    private readonly torch.Tensor _sums;
    private readonly torch.Tensor _zero;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _firstStep;
    private long _warm;
    private long _lastTold = Stopwatch.GetTimestamp();
    private long _lastReport = Stopwatch.GetTimestamp();
    private long _lastStep;
    private double _networkSeconds;

    /// <param name="options">How often to report.</param>
    /// <param name="terms">The terms of the loss.</param>
    /// <param name="imageCount">Images of an epoch.</param>
    /// <param name="firstStep">Steps done before.</param>
    /// <param name="clock">Has the time of each phase.</param>
    /// <param name="device">Where the losses are.</param>
    public ProgressMeter(
        TrainingOptions options, IReadOnlyList<LossTerm> terms, long imageCount, long firstStep, StepClock clock, torch.Device device)
    {
        _options = options;
        _terms = terms;
        _imageCount = imageCount;
        _clock = clock;
        _firstStep = _lastStep = firstStep;
        _networkSeconds = clock.Network;
        _sums = torch.zeros(terms.Count + 2, device: device).DetachFromDisposeScope();
        _zero = torch.zeros([], device: device).DetachFromDisposeScope();
    }

    /// <summary>Adds the losses of a step; a step whose total is not finite adds nothing.</summary>
    /// <param name="losses">The total and its terms.</param>
    public void Add(torch.Tensor losses)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor finite = torch.isfinite(losses.narrow(0, 0, 1));
        torch.Tensor counted = torch.cat([losses, finite.to(torch.float32)]);
        _ = _sums.PlusInPlace(torch.where(finite, counted, _zero));
    }

    /// <param name="step">Steps done.</param>
    public bool IsDue(long step) => step % _options.LogEveryNStep == 0 || step == _options.TotalSteps;

    /// <summary>
    /// Whether to say between two reports how it goes: after the first step, and then after 1 to 10 seconds, the longer the run has been
    /// going.
    /// </summary>
    /// <param name="step">Steps done.</param>
    public bool IsInterimDue(long step) => step == _firstStep + 1
        || Stopwatch.GetElapsedTime(_lastTold).TotalSeconds >= Math.Clamp(Stopwatch.GetElapsedTime(_started).TotalSeconds / 10, 1, 10);

    /// <param name="step">Steps done.</param>
    /// <param name="gradientNorm">The last one's gradient norm before clipping.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <param name="isInterim">Whether the next report is to average over these steps again.</param>
    /// <returns>The report, which the loop completes.</returns>
    public TrainingProgress Report(long step, torch.Tensor gradientNorm, double learningRate, bool isInterim)
    {
        double[] means = Means(keep: isInterim);
        double norm = gradientNorm.item<float>();
        double seconds = Stopwatch.GetElapsedTime(_lastReport).TotalSeconds;
        double secondsPerStep = SecondsPerStep(step);
        double network = _clock.Network - _networkSeconds;
        TrainingProgress progress = new(
            step,
            _options.TotalSteps,
            (double)step * _options.ImagesPerStep / _imageCount,
            means[0],
            norm,
            learningRate,
            (step - _lastStep) * _options.ImagesPerStep / seconds,
            TimeSpan.FromSeconds(Math.Min(secondsPerStep * (_options.TotalSteps - step), TimeSpan.MaxValue.TotalSeconds / 2)))
        {
            LossTerms = TrainingLoss.Named(_terms, means),
            OwnCost = Math.Clamp(1 - (network / seconds), 0, 1),
            ResidentMemory = Environment.WorkingSet,
            IsInterim = isInterim,
        };
        _lastTold = Stopwatch.GetTimestamp();
        if (!isInterim)
        {
            _lastStep = step;
            _networkSeconds = _clock.Network;
            _lastReport = _lastTold;
        }

        return progress;
    }

    /// <summary>Forgets what was added since the last report: those steps are done again.</summary>
    /// <param name="step">The step from which the run goes on.</param>
    public void ReturnTo(long step)
    {
        _ = Means(keep: false);
        _lastStep = Math.Min(_lastStep, step);
    }

    public void Dispose()
    {
        _sums.Dispose();
        _zero.Dispose();
    }

    /// <summary>The first step, in which threads and caches warm up, counts only as long as it is the only one.</summary>
    private double SecondsPerStep(long step)
    {
        if (step - _firstStep > 1 && _warm != 0)
        {
            return Stopwatch.GetElapsedTime(_warm).TotalSeconds / (step - _firstStep - 1);
        }

        _warm = Stopwatch.GetTimestamp();
        return Stopwatch.GetElapsedTime(_started, _warm).TotalSeconds / Math.Max(step - _firstStep, 1);
    }

    private double[] Means(bool keep)
    {
        using IDisposable noGrad = torch.no_grad();
        using torch.Tensor onHost = _sums.cpu();
        float[] sums = onHost.data<float>().ToArray();
        if (!keep)
        {
            _ = _sums.zero_();
        }

        float count = sums[^1];
        return Array.ConvertAll(sums[..^1], s => count > 0 ? (double)s / count : double.NaN);
    }
}

using System.Diagnostics;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>Averages the loss terms between reports, on the device, and turns elapsed time into rates.</summary>
internal sealed class ProgressMeter : IDisposable
{
    private const int TermCount = 4;

    private readonly TrainingOptions _options;
    private readonly long _imageCount;
    private readonly StepClock _clock;
    private readonly torch.Tensor _sums;
    private readonly torch.Tensor _absent;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _firstStep;
    private long _lastReport = Stopwatch.GetTimestamp();
    private long _lastStep;
    private double _networkSeconds;
    private bool _hasCosine;
    private bool _hasProjection;

    /// <param name="options">How often to report.</param>
    /// <param name="imageCount">Images of an epoch.</param>
    /// <param name="firstStep">Steps done before.</param>
    /// <param name="clock">Knows where the time goes.</param>
    /// <param name="device">Where the losses are.</param>
    public ProgressMeter(TrainingOptions options, long imageCount, long firstStep, StepClock clock, torch.Device device)
    {
        _options = options;
        _imageCount = imageCount;
        _clock = clock;
        _firstStep = _lastStep = firstStep;
        _networkSeconds = clock.Network;
        _sums = torch.zeros(TermCount + 1, device: device).DetachFromDisposeScope();
        _absent = torch.zeros([], device: device).DetachFromDisposeScope();
    }

    /// <summary>Adds the terms of a step; a step whose total is not finite adds nothing.</summary>
    public void Add(LossTerms loss)
    {
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        _hasCosine = loss.Cosine is not null;
        _hasProjection = loss.Projection is not null;
        torch.Tensor finite = torch.isfinite(loss.Total);
        torch.Tensor terms = torch.stack([loss.Total, loss.Data, loss.Cosine ?? _absent, loss.Projection ?? _absent, finite.to(torch.float32)]);
        _ = _sums.PlusInPlace(torch.where(finite, terms, _absent));
    }

    /// <param name="step">Steps done.</param>
    public bool IsDue(long step) => step % _options.LogEveryNStep == 0 || step == _options.TotalSteps;

    /// <param name="step">Steps done.</param>
    /// <param name="gradientNorm">The last one's gradient norm before clipping.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <returns>What the run's own parts do not add.</returns>
    public TrainingProgress Report(long step, torch.Tensor gradientNorm, double learningRate)
    {
        double[] means = Means();
        double norm = gradientNorm.item<float>();
        double seconds = Stopwatch.GetElapsedTime(_lastReport).TotalSeconds;
        double secondsPerStep = Stopwatch.GetElapsedTime(_started).TotalSeconds / (step - _firstStep);
        double network = _clock.Network - _networkSeconds;
        TrainingProgress progress = new(
            step,
            _options.TotalSteps,
            (double)step * _options.BatchSize / _imageCount,
            means[0],
            norm,
            learningRate,
            (step - _lastStep) * _options.BatchSize / seconds,
            TimeSpan.FromSeconds(secondsPerStep * (_options.TotalSteps - step)))
        {
            DataLoss = means[1],
            CosineLoss = _hasCosine ? means[2] : null,
            ProjectionLoss = _hasProjection ? means[3] : null,
            OwnCost = Math.Clamp(1 - (network / seconds), 0, 1),
            ResidentMemory = Environment.WorkingSet,
        };
        _lastStep = step;
        _networkSeconds = _clock.Network;
        _lastReport = Stopwatch.GetTimestamp();
        return progress;
    }

    /// <summary>Forgets what was added since the last report: those steps are done again.</summary>
    /// <param name="step">The step from which the run goes on.</param>
    public void ReturnTo(long step)
    {
        _ = Means();
        _lastStep = Math.Min(_lastStep, step);
    }

    public void Dispose()
    {
        _sums.Dispose();
        _absent.Dispose();
    }

    private double[] Means()
    {
        using IDisposable noGrad = torch.no_grad();
        using torch.Tensor onHost = _sums.cpu();
        float[] sums = onHost.data<float>().ToArray();
        _ = _sums.zero_();
        return [.. sums[..TermCount].Select(s => sums[TermCount] > 0 ? (double)s / sums[TermCount] : double.NaN)];
    }
}

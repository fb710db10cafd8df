using System.Diagnostics;
using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>Averages the loss between reports, on the device, and turns elapsed time into rates.</summary>
internal sealed class ProgressMeter : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly long _imageCount;
    private readonly torch.Tensor _lossSum;
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _lastReport = Stopwatch.GetTimestamp();
    private long _stepsSinceReport;

    public ProgressMeter(TrainingOptions options, long imageCount, torch.Device device)
    {
        _options = options;
        _imageCount = imageCount;
        _lossSum = torch.zeros(1, device: device).DetachFromDisposeScope();
    }

    public void Add(LossTerms loss)
    {
        using torch.Tensor detached = loss.Total.detach();
        _ = _lossSum.PlusInPlace(detached);
        _stepsSinceReport++;
    }

    /// <param name="step">The step just done, from 0.</param>
    public bool IsDue(long step) => (step + 1) % _options.LogEveryNStep == 0 || step + 1 == _options.TotalSteps;

    /// <param name="step">The step just done, from 0.</param>
    /// <param name="gradientNorm">Its gradient norm before clipping.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <exception cref="InvalidOperationException">The loss is no longer a number.</exception>
    public TrainingProgress Report(long step, torch.Tensor gradientNorm, double learningRate)
    {
        double loss = _lossSum.item<float>() / _stepsSinceReport;
        if (!double.IsFinite(loss))
        {
            throw new InvalidOperationException(
                $"Training diverged: the mean loss of the {_stepsSinceReport} steps up to step {step + 1} is {loss}. Lower LearningRate (it is {learningRate}), or MaxGradientNorm (it is {_options.MaxGradientNorm}).");
        }

        double seconds = Stopwatch.GetElapsedTime(_lastReport).TotalSeconds;
        double secondsPerStep = Stopwatch.GetElapsedTime(_started).TotalSeconds / (step + 1);
        TrainingProgress progress = new(
            step + 1,
            _options.TotalSteps,
            (double)(step + 1) * _options.BatchSize / _imageCount,
            loss,
            gradientNorm.item<float>(),
            learningRate,
            _stepsSinceReport * _options.BatchSize / seconds,
            TimeSpan.FromSeconds(secondsPerStep * (_options.TotalSteps - step - 1)));
        using (torch.no_grad())
        {
            _ = _lossSum.zero_();
        }

        _stepsSinceReport = 0;
        _lastReport = Stopwatch.GetTimestamp();
        return progress;
    }

    public void Dispose() => _lossSum.Dispose();
}

namespace GMem.Training;

/// <summary>
/// Clip, AdamW (arXiv 1711.05101) and the moving average of the weights over flat parameters. On the CPU they are one pass
/// over memory; elsewhere a few whole-buffer tensor operations. Both give the same numbers to rounding.
/// </summary>
/// <remarks>
/// A step whose loss or gradient is not finite changes nothing and is counted. A gradient whose norm overflows float32 counts as not
/// finite. On a device that decision is taken there: the host waits for nothing.
/// </remarks>
internal sealed class FlatAdamW : IDisposable
{
    /// <summary>Keeps the clip factor finite, as in PyTorch's clip_grad_norm_.</summary>
    private const double ClipEpsilon = 1e-6;

    private readonly FlatParameters _parameters;
    private readonly AdamWSettings _settings;
    private readonly double _maximumNorm;
    private readonly DeviceAdamW? _device;
    private StepCounts _counts;

    /// <param name="parameters">What is optimised.</param>
    /// <param name="settings">AdamW's constants.</param>
    /// <param name="maximumNorm">Gradients of a larger L2 norm are scaled down to it; 0 switches that off.</param>
    /// <param name="decideOnDevice">
    /// Whether the update is made of tensor operations that wait for nothing; null: where the weights are not on the CPU.
    /// </param>
    public FlatAdamW(FlatParameters parameters, AdamWSettings settings, double maximumNorm, bool? decideOnDevice = null)
    {
        _parameters = parameters;
        _settings = settings;
        _maximumNorm = maximumNorm;
        using IDisposable noGrad = torch.no_grad();
        FirstMoment = torch.zeros_like(parameters.Weights).DetachFromDisposeScope();
        SecondMoment = torch.zeros_like(parameters.Weights).DetachFromDisposeScope();
        Average = parameters.Weights.clone().DetachFromDisposeScope();
        bool onDevice = decideOnDevice ?? parameters.Weights.device_type != DeviceType.CPU;
        _device = onDevice ? new DeviceAdamW(parameters, this, settings, maximumNorm, ClipEpsilon) : null;
    }

    /// <summary>float32 <c>[P]</c>: running mean of the gradients.</summary>
    public torch.Tensor FirstMoment { get; }

    /// <summary>float32 <c>[P]</c>: running mean of their squares.</summary>
    public torch.Tensor SecondMoment { get; }

    /// <summary>float32 <c>[P]</c>: exponential moving average of the weights, from the initial ones.</summary>
    public torch.Tensor Average { get; }

    /// <summary>Whether <see cref="Counts"/> is known to the host without waiting for a device.</summary>
    public bool CountsOnHost => _device is null;

    /// <summary>Steps taken and left out; on a device, reading waits for it.</summary>
    public StepCounts Counts
    {
        get => _device?.Counts ?? _counts;
        set
        {
            _counts = value;
            _device?.Counts = value;
        }
    }

    /// <summary>
    /// Updates the weights from their gradients, then the average from the weights; or nothing, where something is not finite. Leaves the
    /// gradients zero.
    /// </summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <param name="averageDecay">Decay of the average at this step: <c>average = decay * average + (1 - decay) * weights</c>.</param>
    /// <param name="loss">The loss, a scalar tensor; null where only the gradient is to be looked at.</param>
    /// <returns>The gradient's L2 norm before clipping, a scalar tensor on its device. Dispose it.</returns>
    public torch.Tensor Update(double learningRate, double averageDecay, torch.Tensor? loss = null)
    {
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor norm = _parameters.GradientNorm();
        if (_device is not null)
        {
            _device.Update(norm, loss, learningRate, averageDecay);
            _parameters.ZeroGradients();
        }
        else if (float.IsFinite(norm.item<float>()) && (loss is null || float.IsFinite(loss.item<float>())))
        {
            _counts = new StepCounts(_counts.Updates + 1, _counts.Skipped, SkippedInARow: 0);
            UpdateInOnePass(norm.item<float>(), learningRate, averageDecay);
        }
        else
        {
            _counts = new StepCounts(_counts.Updates, _counts.Skipped + 1, _counts.SkippedInARow + 1);
            _parameters.ZeroGradients();
        }

        return norm;
    }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        Average.Dispose();
        _device?.Dispose();
    }

    private void UpdateInOnePass(double norm, double learningRate, double averageDecay)
    {
        double correction1 = 1 - Math.Pow(_settings.Beta1, _counts.Updates);
        double correction2 = 1 - Math.Pow(_settings.Beta2, _counts.Updates);
        double scale = _maximumNorm > 0 ? Math.Min(1, _maximumNorm / (norm + ClipEpsilon)) : 1;
        FlatAdamWKernel.Update(
            _parameters,
            this,
            _settings,
            scale,
            learningRate / correction1,
            1 - (learningRate * _settings.WeightDecay),
            Math.Sqrt(correction2),
            averageDecay);
    }
}

namespace GMem.Training;

/// <summary>
/// Clip, AdamW (arXiv 1711.05101) and the moving average of the weights over flat parameters. On the CPU they are one pass
/// over memory; elsewhere a few whole-buffer tensor operations. Both give the same numbers to rounding.
/// </summary>
/// <remarks>
/// A step whose loss or gradient is not finite changes nothing and is counted. A gradient whose norm overflows float32 counts as not
/// finite. On a device that decision is taken there: the host waits for nothing. Of several ranks each updates one segment of the weights,
/// and has moments and average of that alone.
/// </remarks>
internal sealed class FlatAdamW : IDisposable
{
    /// <summary>Keeps the clip factor finite, as in PyTorch's clip_grad_norm_.</summary>
    private const double ClipEpsilon = 1e-6;

    private readonly FlatParameters _parameters;
    private readonly AdamWSettings _settings;
    private readonly double _maximumNorm;
    private readonly DeviceAdamW? _device;
    private readonly torch.Tensor _weights;
    private readonly torch.Tensor _gradients;
    private StepCounts _counts;

    /// <param name="parameters">What is optimised.</param>
    /// <param name="settings">AdamW's constants.</param>
    /// <param name="maximumNorm">Gradients of a larger L2 norm are scaled down to it; 0 switches that off.</param>
    /// <param name="decideOnDevice">
    /// Whether the update is made of tensor operations that wait for nothing; null: where the weights are not on the CPU.
    /// </param>
    /// <param name="segment">The part that is updated here: its first parameter and how many; null for all.</param>
    public FlatAdamW(
        FlatParameters parameters, AdamWSettings settings, double maximumNorm, bool? decideOnDevice = null,
        (long Begin, long Length)? segment = null)
    {
        _parameters = parameters;
        _settings = settings;
        _maximumNorm = maximumNorm;
        (Begin, long length) = segment ?? (0, parameters.Count);
        using IDisposable noGrad = torch.no_grad();
        _weights = parameters.Weights.narrow(0, Begin, length).DetachFromDisposeScope();
        _gradients = parameters.Gradients.narrow(0, Begin, length).DetachFromDisposeScope();
        FirstMoment = torch.zeros_like(_weights).DetachFromDisposeScope();
        SecondMoment = torch.zeros_like(_weights).DetachFromDisposeScope();
        Average = _weights.clone().DetachFromDisposeScope();
        bool onDevice = decideOnDevice ?? parameters.Weights.device_type != DeviceType.CPU;
        _device = onDevice ? new DeviceAdamW(this, settings, maximumNorm, ClipEpsilon) : null;
    }

    /// <summary>The first parameter of the segment.</summary>
    public long Begin { get; }

    /// <summary>The segment of the weights that is updated, float32 <c>[p]</c>, a view of them.</summary>
    public torch.Tensor Weights => _weights;

    /// <summary>The same of the gradients.</summary>
    public torch.Tensor Gradients => _gradients;

    /// <summary>float32 <c>[p]</c>: running mean of the gradients.</summary>
    public torch.Tensor FirstMoment { get; }

    /// <summary>float32 <c>[p]</c>: running mean of their squares.</summary>
    public torch.Tensor SecondMoment { get; }

    /// <summary>float32 <c>[p]</c>: exponential moving average of the weights, from the initial ones.</summary>
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
    /// <param name="allNorm">The L2 norm of the whole gradient, where it is known; null computes it.</param>
    /// <returns>That norm, before clipping, a scalar tensor on its device. Dispose it.</returns>
    public torch.Tensor Update(double learningRate, double averageDecay, torch.Tensor? loss = null, torch.Tensor? allNorm = null)
    {
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor norm = allNorm ?? _parameters.GradientNorm();
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
        _weights.Dispose();
        _gradients.Dispose();
    }

    private void UpdateInOnePass(double norm, double learningRate, double averageDecay)
    {
        double correction1 = 1 - Math.Pow(_settings.Beta1, _counts.Updates);
        double correction2 = 1 - Math.Pow(_settings.Beta2, _counts.Updates);
        double scale = _maximumNorm > 0 ? Math.Min(1, _maximumNorm / (norm + ClipEpsilon)) : 1;
        FlatAdamWKernel.Update(
            this,
            _settings,
            scale,
            learningRate / correction1,
            1 - (learningRate * _settings.WeightDecay),
            Math.Sqrt(correction2),
            averageDecay);
    }
}

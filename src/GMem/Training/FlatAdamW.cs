using GMem.Runtime;
using TorchSharp;

namespace GMem.Training;

/// <summary>
/// Clip, AdamW (arXiv 1711.05101) and the moving average of the weights over flat parameters. On the CPU they are one pass
/// over memory; elsewhere a few whole-buffer tensor operations. Both give the same numbers to rounding.
/// </summary>
internal sealed class FlatAdamW : IDisposable
{
    /// <summary>Keeps the clip factor finite, as in PyTorch's clip_grad_norm_.</summary>
    private const double ClipEpsilon = 1e-6;

    private readonly FlatParameters _parameters;
    private readonly AdamWSettings _settings;
    private readonly double _maximumNorm;
    private readonly Scalar _clipEpsilon = ClipEpsilon;
    private readonly Scalar _one = 1;

    /// <param name="parameters">What is optimised.</param>
    /// <param name="settings">AdamW's constants.</param>
    /// <param name="maximumNorm">Gradients of a larger L2 norm are scaled down to it; 0 switches that off.</param>
    public FlatAdamW(FlatParameters parameters, AdamWSettings settings, double maximumNorm)
    {
        _parameters = parameters;
        _settings = settings;
        _maximumNorm = maximumNorm;
        using IDisposable noGrad = torch.no_grad();
        FirstMoment = torch.zeros_like(parameters.Weights).DetachFromDisposeScope();
        SecondMoment = torch.zeros_like(parameters.Weights).DetachFromDisposeScope();
        Average = parameters.Weights.clone().DetachFromDisposeScope();
    }

    /// <summary>Steps taken.</summary>
    public long Step { get; private set; }

    /// <summary>float32 <c>[P]</c>: running mean of the gradients.</summary>
    public torch.Tensor FirstMoment { get; }

    /// <summary>float32 <c>[P]</c>: running mean of their squares.</summary>
    public torch.Tensor SecondMoment { get; }

    /// <summary>float32 <c>[P]</c>: exponential moving average of the weights, from the initial ones.</summary>
    public torch.Tensor Average { get; }

    /// <summary>Updates the weights from their gradients, then the average from the weights.</summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <param name="averageDecay">Decay of the average at this step: <c>average = decay * average + (1 - decay) * weights</c>.</param>
    /// <returns>The gradient's L2 norm before clipping, a scalar tensor on its device. Dispose it.</returns>
    public torch.Tensor Update(double learningRate, double averageDecay)
    {
        using IDisposable noGrad = torch.no_grad();
        torch.Tensor norm = _parameters.GradientNorm();
        Step++;
        double correction1 = 1 - Math.Pow(_settings.Beta1, Step);
        double correction2 = 1 - Math.Pow(_settings.Beta2, Step);
        if (_parameters.Weights.device_type == DeviceType.CPU)
        {
            FlatAdamWKernel.Update(
                _parameters, this, _settings, ClipScale(norm.item<float>()), learningRate / correction1, 1 - (learningRate * _settings.WeightDecay), Math.Sqrt(correction2), averageDecay);
        }
        else
        {
            UpdateWithTensors(norm, learningRate / correction1, 1 - (learningRate * _settings.WeightDecay), Math.Sqrt(correction2), averageDecay);
        }

        return norm;
    }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        Average.Dispose();
    }

    /// <summary>The same update by whole-buffer operations, without reading anything back from the device.</summary>
    internal void UpdateWithTensors(torch.Tensor norm, double stepSize, double shrink, double rootCorrection2, double averageDecay)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor gradient = _parameters.Gradients;
        if (_maximumNorm > 0)
        {
            torch.Tensor scale = norm.add(_clipEpsilon).reciprocal_().TimesInPlace(_maximumNorm).clamp_max_(_one);
            gradient = gradient.mul(scale);
        }

        _ = FirstMoment.TimesInPlace(_settings.Beta1).PlusScaledInPlace(1 - _settings.Beta1, gradient);
        _ = SecondMoment.TimesInPlace(_settings.Beta2).PlusScaledInPlace(1 - _settings.Beta2, gradient.Squared());
        torch.Tensor denominator = SecondMoment.sqrt().TimesInPlace(1 / rootCorrection2).PlusInPlace(_settings.Epsilon);
        torch.Tensor update = FirstMoment.div(denominator);
        _ = _parameters.Weights.TimesInPlace(shrink).PlusScaledInPlace(-stepSize, update);
        _ = Average.TimesInPlace(averageDecay).PlusScaledInPlace(1 - averageDecay, _parameters.Weights);
    }

    private double ClipScale(double norm) => _maximumNorm > 0 ? Math.Min(1, _maximumNorm / (norm + ClipEpsilon)) : 1;
}

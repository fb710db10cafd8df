namespace GMem.Training;

/// <summary>
/// <see cref="FlatAdamW"/>'s update by whole-buffer operations. What depends on the step's outcome is a scalar tensor, so nothing is read
/// back: where something is not finite every decay is 1 and every summand 0, which leaves the buffers as they are.
/// </summary>
internal sealed class DeviceAdamW : IDisposable
{
    private readonly FlatAdamW _state;
    private readonly AdamWSettings _settings;
    private readonly double _maximumNorm;
    private readonly double _clipEpsilon;

    // float64 [3]: updates, skipped, skipped in a row. Whole numbers up to 2^53.
    private readonly torch.Tensor _counts;
    private readonly torch.Tensor _betas;
    private readonly torch.Tensor _zero;

    public DeviceAdamW(FlatAdamW state, AdamWSettings settings, double maximumNorm, double clipEpsilon)
    {
        _state = state;
        _settings = settings;
        _maximumNorm = maximumNorm;
        _clipEpsilon = clipEpsilon;
        torch.Device device = state.Weights.device;
        _counts = torch.zeros(3, dtype: torch.float64, device: device).DetachFromDisposeScope();
        _betas = torch.tensor([settings.Beta1, settings.Beta2], dtype: torch.float64, device: device).DetachFromDisposeScope();
        _zero = torch.zeros([], device: device).DetachFromDisposeScope();
    }

    public StepCounts Counts
    {
        get
        {
            using torch.Tensor onHost = _counts.cpu();
            double[] c = onHost.data<double>().ToArray();
            return new StepCounts((long)c[0], (long)c[1], (long)c[2]);
        }

        set
        {
            using torch.Tensor values = torch.tensor([value.Updates, value.Skipped, (double)value.SkippedInARow], dtype: torch.float64);
            _ = _counts.copy_(values);
        }
    }

    public void Update(torch.Tensor norm, torch.Tensor? loss, double learningRate, double averageDecay)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor finite = loss is null ? torch.isfinite(norm) : torch.isfinite(norm).logical_and(torch.isfinite(loss.detach()));
        torch.Tensor taken = finite.to(torch.float64);
        Count(taken);

        // Without a single update so far the corrections would be 0; nothing is added then in any case.
        torch.Tensor corrections = torch.pow(_betas, _counts[0].AtLeast(1)).neg_().PlusInPlace(1);
        torch.Tensor stepSize = taken.Times(learningRate).div_(corrections[0]).to(torch.float32);
        torch.Tensor inverseRoot = corrections[1].rsqrt().to(torch.float32);

        // where, not a product: 0 times a NaN is a NaN.
        torch.Tensor gradient = torch.where(finite, _state.Gradients, _zero);
        if (_maximumNorm > 0)
        {
            torch.Tensor scale = norm.Plus(_clipEpsilon).reciprocal_().TimesInPlace(_maximumNorm).AtMostInPlace(1);
            gradient = gradient.mul_(torch.where(finite, scale, _zero));
        }

        Blend(_state.FirstMoment, gradient, taken, _settings.Beta1);
        Blend(_state.SecondMoment, gradient.Squared(), taken, _settings.Beta2);
        torch.Tensor update = _state.SecondMoment.sqrt().mul_(inverseRoot).PlusInPlace(_settings.Epsilon).reciprocal_()
            .mul_(_state.FirstMoment).mul_(stepSize);
        torch.Tensor shrink = OneMinus(taken, learningRate * _settings.WeightDecay);
        _ = _state.Weights.mul_(shrink).sub_(update);
        Blend(_state.Average, _state.Weights, taken, averageDecay);
    }

    public void Dispose()
    {
        _counts.Dispose();
        _betas.Dispose();
        _zero.Dispose();
    }

    private void Count(torch.Tensor taken)
    {
        torch.Tensor skipped = taken.OneMinus();
        torch.Tensor inARow = _counts[2].Plus(skipped).mul_(skipped);
        torch.Tensor counts = torch.stack([_counts[0].Plus(taken), _counts[1].Plus(skipped), inARow]);
        _ = _counts.copy_(counts);
    }

    /// <summary>buffer = decay buffer + (1 - decay) value where the step is taken, else buffer.</summary>
    private static void Blend(torch.Tensor buffer, torch.Tensor value, torch.Tensor taken, double decay)
    {
        using torch.Tensor summand = value.mul(taken.Times(1 - decay).to(torch.float32));
        _ = buffer.mul_(OneMinus(taken, 1 - decay)).PlusInPlace(summand);
    }

    private static torch.Tensor OneMinus(torch.Tensor taken, double factor) => taken.Times(factor).OneMinus().to(torch.float32);
}

using GMem.Runtime;
using GMem.Transport;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>Drift, score and diffusion of the sampling SDE from one network. Temporaries stay in the caller's dispose scope.</summary>
/// <remarks>Coefficients are computed for one time, not one a row, so that their rounding cannot depend on the number of rows.</remarks>
internal sealed class SdeField(FlowTransport transport, TimedModel model, DiffusionForm form, double norm)
{
    /// <summary>Network evaluations so far.</summary>
    public int Evaluations { get; private set; }

    /// <summary>w(t), <c>[1]</c>.</summary>
    public Tensor Diffusion(Tensor x, double time) => transport.Path.Diffusion(TimedModels.Times(x, time, 1), form, norm);

    /// <summary>drift + w score.</summary>
    public Tensor Drift(Tensor x, double time)
    {
        Tensor t = TimedModels.Times(x, time, 1);
        Tensor prediction = Predict(x, time);
        Tensor weight = InterpolantPath.Rows(transport.Path.Diffusion(t, form, norm), x);
        return transport.Drift(prediction, x, t).PlusProduct(weight, transport.Score(prediction, x, t));
    }

    /// <summary>The drift of the ODE.</summary>
    public Tensor FlowDrift(Tensor x, double time) => transport.Drift(Predict(x, time), x, TimedModels.Times(x, time, 1));

    /// <summary>E[x1 | x] = (x + sigma^2 score) / alpha (Tweedie's formula).</summary>
    public Tensor ExpectedData(Tensor x, double time)
    {
        Tensor t = TimedModels.Times(x, time, 1);
        Tensor score = transport.Score(Predict(x, time), x, t);
        Tensor variance = InterpolantPath.Rows(transport.Path.Sigma(t).Squared(), x);
        return x.PlusProduct(variance, score).div_(InterpolantPath.Rows(transport.Path.Alpha(t), x));
    }

    private Tensor Predict(Tensor x, double time)
    {
        Evaluations++;
        return TimedModels.Checked(model(x, time), x);
    }
}

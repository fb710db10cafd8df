using GMem.Transport;

namespace GMem.Sampling;

/// <summary>Finds settings that evaluate something where it is infinite, before they fill an image with NaN.</summary>
internal static class WellPosed
{
    /// <summary>What is wrong with an SDE sampler; null if nothing is.</summary>
    public static string? Fault(SdeSampler sampler)
    {
        FlowTransport transport = sampler.Transport;
        IntegrationInterval interval = sampler.Interval;
        bool vp = transport.Path.Kind == InterpolantKind.Vp;
        if (interval.Start <= 0 && !vp && (sampler.Form == DiffusionForm.Sbdm || transport.Prediction != PredictionTarget.Velocity))
        {
            string what = sampler.Form == DiffusionForm.Sbdm ? "The SBDM diffusion" : $"The drift of a {transport.Prediction} prediction";
            return $"{what} is infinite at t = 0 on the {transport.Path} path, where sampling starts: "
                + "give the transport a sample epsilon above 0 (1e-3 is usual) or take another diffusion form.";
        }

        bool infiniteScore =
            transport.Prediction == PredictionTarget.Noise || (transport.Prediction == PredictionTarget.Velocity && !vp);
        return interval.End >= 1 && infiniteScore && sampler.Method.Reach >= 1
            ? $"{sampler.Method} without a last step evaluates the score at t = 1, where it is infinite: "
                + "take a last step (Mean, Tweedie or Euler), Euler-Maruyama, or a sample epsilon above 0 (1e-3 is usual)."
            : null;
    }

    /// <summary>What is wrong with integrating the ODE of a transport by a method; null if nothing is.</summary>
    public static string? Fault(FlowTransport transport, OdeStepper method, IntegrationInterval interval)
    {
        bool vp = transport.Path.Kind == InterpolantKind.Vp;
        if (transport.Prediction == PredictionTarget.Velocity || (vp && transport.Prediction == PredictionTarget.Score))
        {
            return null;
        }

        double singular = vp ? 1 : 0;
        string what = $"The drift of a {transport.Prediction} prediction is infinite at t = {singular} on the {transport.Path} path";
        if (method.Reach > 1 && Math.Abs(interval.End - singular) < 0.5)
        {
            return $"{what}, and {method} steps beyond the end of the interval: take a fixed-step method.";
        }

        return interval.Start == singular || (interval.End == singular && method.Reach >= 1)
            ? $"{what}, where it would be evaluated: give the transport a sample epsilon above 0 (1e-3 is usual)."
            : null;
    }
}

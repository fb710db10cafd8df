namespace GMem.Transport;

/// <summary>What the network predicts at (xt, t).</summary>
public enum PredictionTarget
{
    /// <summary>The velocity alpha'(t) x1 + sigma'(t) x0.</summary>
    Velocity = 0,

    /// <summary>The noise x0.</summary>
    Noise = 1,

    /// <summary>The score, the gradient of the log-density of xt: -x0 / sigma(t) in expectation.</summary>
    Score = 2,
}

using GMem.Backbone;
using GMem.Transport;

namespace GMem;

public sealed partial class GMemModel
{
    /// <summary>The network's options.</summary>
    public SiTOptions Network => Core.Network.Options;

    /// <summary>How many numbers the network has learnt.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public long ParameterCount
    {
        get
        {
            using UseScope use = Use();
            return Core.Network.parameters().Sum(p => p.numel());
        }
    }

    /// <summary>The path from noise to data that it was trained on.</summary>
    public InterpolantKind Path => Core.Transport.Path.Kind;

    /// <summary>What the network predicts.</summary>
    public PredictionTarget Prediction => Core.Transport.Prediction;
}

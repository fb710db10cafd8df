using GMem.Backbone;
using GMem.Sampling;
using GMem.Training;

namespace GMem;

/// <summary>Everything that <see cref="GMemModel.Fit"/> can be told, in four parts.</summary>
public sealed class GMemOptions
{
    /// <summary>The network. Its input size, channels and snippet size are set from the data.</summary>
    public SiTOptions Network { get; set; } = new();

    /// <summary>The training run.</summary>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>How the trained model makes images, unless told otherwise.</summary>
    public SamplingOptions Sampling { get; set; } = new();
}

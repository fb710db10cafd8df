using GMem.Backbone;
using GMem.Transport;

namespace GMem.Training;

/// <summary>
/// One term of the training loss. Derive from it and put an instance into <see cref="TrainingOptions.Losses"/>: its value then appears,
/// under its name, in <see cref="TrainingProgress.LossTerms"/>, <c>metrics.csv</c>, TensorBoard, <c>report.html</c> and the validation.
/// </summary>
/// <remarks>
/// The public properties of a term are its settings: a run that is continued must have the same. A term is immutable, and several threads
/// call it at once.
/// </remarks>
public abstract class LossTerm
{
    /// <summary>Sets name and weight.</summary>
    /// <param name="name">
    /// Lower-case ASCII letters, digits and underscores, beginning with a letter; not <c>total</c>, and not beginning with
    /// <c>validation</c>. Each term of a run has its own.
    /// </param>
    /// <param name="weight">Factor of the term in the total loss. Finite; a term of weight 0 is not computed.</param>
    protected LossTerm(string name, double weight)
    {
        Name = name;
        Weight = weight;
    }

    /// <summary>What the term is called in reports and files.</summary>
    public string Name { get; }

    /// <summary>Factor of the term in the total loss.</summary>
    public double Weight { get; }

    /// <summary>
    /// Whether the term needs <see cref="LossInput.Projection"/> and <see cref="LossInput.PatchTokens"/>. It is then left out of runs whose
    /// network has no projector (<see cref="SiTOptions.ProjectionSize"/> 0). Default false.
    /// </summary>
    public virtual bool UsesPatchTokens => false;

    /// <summary>Whether the term can be computed for what the network predicts. Default true for every prediction.</summary>
    /// <param name="prediction">What the network predicts.</param>
    /// <returns>False makes <see cref="TrainingOptions.Validate"/> refuse the combination.</returns>
    public virtual bool Supports(PredictionTarget prediction) => true;

    /// <summary>Computes the term over some samples.</summary>
    /// <param name="input">
    /// A batch, or a part of one: micro-batches and the threads of the CPU each take some of its samples, and their values are averaged,
    /// weighted by the number of samples.
    /// </param>
    /// <returns>A float32 scalar on the samples' device, before the weight, with its graph.</returns>
    public abstract torch.Tensor Compute(LossInput input);
}

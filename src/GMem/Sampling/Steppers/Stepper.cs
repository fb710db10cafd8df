namespace GMem.Sampling;

/// <summary>What the methods of integrating an equation declare about themselves. Immutable and safe for use by several threads.</summary>
/// <remarks>Derive from <see cref="OdeStepper"/> or <see cref="SdeStepper"/>.</remarks>
public abstract class Stepper
{
    /// <summary>Declares a method.</summary>
    /// <param name="name">See <see cref="Name"/>.</param>
    /// <param name="order">See <see cref="Order"/>.</param>
    /// <param name="evaluationsPerStep">See <see cref="EvaluationsPerStep"/>.</param>
    /// <param name="isAdaptive">See <see cref="IsAdaptive"/>.</param>
    /// <exception cref="ArgumentException">The name is empty, or a number is below 1.</exception>
    protected Stepper(string name, int order, int evaluationsPerStep, bool isAdaptive)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(evaluationsPerStep, 1);
        (Name, Order, EvaluationsPerStep, IsAdaptive) = (name, order, evaluationsPerStep, isAdaptive);
    }

    /// <summary>The name by which files refer to it.</summary>
    public string Name { get; }

    /// <summary>
    /// The order of convergence, at least 1: halving the steps divides the error at the end by 2 to this power. For an SDE it is the
    /// weak order, that of the error of the distribution.
    /// </summary>
    public int Order { get; }

    /// <summary>
    /// Evaluations of the network in a step, at least 1. The first step of a run may take more or fewer, as multistep methods need; every
    /// later step of a method that does not adapt is checked against it.
    /// </summary>
    public int EvaluationsPerStep { get; }

    /// <summary>
    /// Whether the method chooses its own steps, by the tolerances. Then a run's grid only says where states are wanted, rows are
    /// integrated one by one (a step would depend on the other rows of the batch), and there are no previews.
    /// </summary>
    public bool IsAdaptive { get; }

    /// <summary>
    /// The latest time at which a step evaluates, as a share of the step: 0 is its start, 1 its end, above 1 beyond its end. Settings
    /// under which the network would be evaluated where it is infinite are refused by it. Default 0 for one evaluation a step, else 1.
    /// </summary>
    public virtual double Reach => EvaluationsPerStep == 1 ? 0 : 1;

    /// <summary>The name.</summary>
    /// <returns><see cref="Name"/>.</returns>
    public sealed override string ToString() => Name;

    /// <summary>Ends a run in which a step took another number of evaluations than declared.</summary>
    internal void CheckEvaluations(int step, int taken)
    {
        if (!IsAdaptive && step > 0 && taken != EvaluationsPerStep)
        {
            throw new InvalidOperationException(
                $"{Name} declares {EvaluationsPerStep} evaluations a step, but step {step} took {taken}: "
                + "give its constructor that number.");
        }
    }
}

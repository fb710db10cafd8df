using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// A method of integrating an ordinary differential equation. Derive from it to write your own; <see cref="OdeMethod"/> names those that
/// are built in, and converts to this class.
/// </summary>
/// <remarks>
/// A stepper serves many runs at once, so it keeps nothing of a run in its fields: what a multistep method remembers goes into
/// <see cref="OdeStep.Memory"/>. Call <see cref="Register"/> when the program starts, and <see cref="SamplingOptions.OdeMethod"/> can hold
/// the stepper, also in a saved model.
/// </remarks>
/// <example>
/// Ralston's method, of second order:
/// <code>
/// internal sealed class Ralston() : OdeStepper("Ralston", order: 2, evaluationsPerStep: 2)
/// {
///     public override double Reach => 2.0 / 3;
///
///     public override Tensor[] Step(OdeStep step)
///     {
///         Tensor[] first = step.Slope(step.Start, step.State);
///         Tensor[] second = step.Slope(step.Start + (2.0 / 3 * step.Size), step.Advance((2.0 / 3, first)));
///         return step.Advance((1.0 / 4, first), (3.0 / 4, second));
///     }
/// }
/// </code>
/// </example>
[JsonConverter(typeof(Converter))]
public abstract class OdeStepper : Stepper
{
    /// <summary>Declares a method.</summary>
    /// <param name="name">See <see cref="Stepper.Name"/>.</param>
    /// <param name="order">See <see cref="Stepper.Order"/>.</param>
    /// <param name="evaluationsPerStep">See <see cref="Stepper.EvaluationsPerStep"/>.</param>
    /// <param name="isAdaptive">See <see cref="Stepper.IsAdaptive"/>. Default false.</param>
    /// <exception cref="ArgumentException">The name is empty, or a number is below 1.</exception>
    protected OdeStepper(string name, int order, int evaluationsPerStep, bool isAdaptive = false)
        : base(name, order, evaluationsPerStep, isAdaptive)
    {
    }

    /// <summary>The stepper of a built-in method.</summary>
    /// <param name="method">The method.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such method.</exception>
    public static implicit operator OdeStepper(OdeMethod method) => OdeMethods.Registry.Of(method);

    /// <summary>Makes a stepper known by its name in this process, so that options and saved models can name it.</summary>
    /// <param name="stepper">The stepper.</param>
    /// <exception cref="ArgumentException">One of that name is registered already.</exception>
    public static void Register(OdeStepper stepper) => OdeMethods.Registry.Add(stepper);

    /// <summary>Takes one step of the grid; an adaptive method takes as many of its own as it needs.</summary>
    /// <param name="step">Where the run stands, and the equation.</param>
    /// <returns>The state at <see cref="OdeStep.End"/>, new tensors of the same shapes. All others are freed after the step.</returns>
    public abstract Tensor[] Step(OdeStep step);

    private sealed class Converter() : StepperConverter<OdeStepper>(OdeMethods.Registry);
}

using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// A method of integrating the sampling SDE. Derive from it to write your own; <see cref="SdeMethod"/> names those that are built in, and
/// converts to this class.
/// </summary>
/// <remarks>
/// A stepper serves many runs at once, so it keeps nothing of a run in its fields. It takes one step for each step of the grid, since the
/// noise of an image is a function of its seed and the step. Call <see cref="Register"/> when the program starts, and
/// <see cref="SamplingOptions.SdeMethod"/> can hold the stepper, also in a saved model.
/// </remarks>
/// <example>
/// Euler-Maruyama, of first order:
/// <code>
/// internal sealed class EulerMaruyama() : SdeStepper("MyEulerMaruyama", order: 1, evaluationsPerStep: 1)
/// {
///     public override Tensor Step(SdeStep step) =>
///         step.Diffuse(SdeStep.Advance(step.State, step.Size, step.Drift(step.State, step.Start)), step.Start);
/// }
/// </code>
/// </example>
[JsonConverter(typeof(Converter))]
public abstract class SdeStepper : Stepper
{
    /// <summary>Declares a method.</summary>
    /// <param name="name">See <see cref="Stepper.Name"/>.</param>
    /// <param name="order">The weak order; see <see cref="Stepper.Order"/>.</param>
    /// <param name="evaluationsPerStep">See <see cref="Stepper.EvaluationsPerStep"/>.</param>
    /// <exception cref="ArgumentException">The name is empty, or a number is below 1.</exception>
    protected SdeStepper(string name, int order, int evaluationsPerStep)
        : base(name, order, evaluationsPerStep, isAdaptive: false)
    {
    }

    /// <summary>The stepper of a built-in method.</summary>
    /// <param name="method">The method.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such method.</exception>
    public static implicit operator SdeStepper(SdeMethod method) => SdeMethods.Registry.Of(method);

    /// <summary>Makes a stepper known by its name in this process, so that options and saved models can name it.</summary>
    /// <param name="stepper">The stepper.</param>
    /// <exception cref="ArgumentException">One of that name is registered already.</exception>
    public static void Register(SdeStepper stepper) => SdeMethods.Registry.Add(stepper);

    /// <summary>Takes one step.</summary>
    /// <param name="step">Where the run stands, and the equation.</param>
    /// <returns>The state at <see cref="SdeStep.End"/>, a new tensor of the same shape. All others are freed after the step.</returns>
    public abstract Tensor Step(SdeStep step);

    private sealed class Converter() : StepperConverter<SdeStepper>(SdeMethods.Registry);
}

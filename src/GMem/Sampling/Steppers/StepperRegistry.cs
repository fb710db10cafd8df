using System.Collections.Concurrent;

namespace GMem.Sampling;

/// <summary>The steppers of one equation by name. Safe for use by several threads.</summary>
internal sealed class StepperRegistry<T>
    where T : Stepper
{
    private readonly ConcurrentDictionary<string, T> _byName;

    public StepperRegistry(params T[] builtIn) => _byName = new(builtIn.ToDictionary(stepper => stepper.Name), StringComparer.Ordinal);

    public IReadOnlyCollection<T> All => [.. _byName.Values.OrderBy(stepper => stepper.Name, StringComparer.Ordinal)];

    public void Add(T stepper)
    {
        ArgumentNullException.ThrowIfNull(stepper);
        if (!_byName.TryAdd(stepper.Name, stepper))
        {
            throw new ArgumentException(
                $"An {typeof(T).Name} named '{stepper.Name}' is registered already; every stepper needs a name of its own.",
                nameof(stepper));
        }
    }

    /// <summary>What a setting must be, for the message that it is not.</summary>
    public string Expected =>
        $"one of {string.Join(", ", All)}, or another {typeof(T).Name} after {typeof(T).Name}.Register was called with it";

    public bool Contains(T? stepper) => stepper is not null && _byName.GetValueOrDefault(stepper.Name) == stepper;

    public T Of<TName>(TName method)
        where TName : struct, Enum => _byName.TryGetValue(method.ToString(), out T? stepper) && Enum.IsDefined(method)
            ? stepper
            : throw new ArgumentOutOfRangeException(nameof(method), method, $"Not one of {string.Join(", ", Enum.GetNames<TName>())}.");

    /// <exception cref="InvalidDataException">There is none of that name.</exception>
    public T Read(string? name) => _byName.GetValueOrDefault(name ?? "") ?? throw new InvalidDataException(
        $"The settings name the {typeof(T).Name} '{name}', which is not registered in this process; registered are "
        + $"{string.Join(", ", All)}. If it is your own, call {typeof(T).Name}.Register with it before loading; "
        + "if not, a newer version of the GMem packages may know it.");
}

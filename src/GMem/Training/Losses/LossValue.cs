namespace GMem.Training;

/// <summary>The value of a loss term.</summary>
/// <param name="Name">The term's <see cref="LossTerm.Name"/>.</param>
/// <param name="Value">Its value before its weight.</param>
public readonly record struct LossValue(string Name, double Value);

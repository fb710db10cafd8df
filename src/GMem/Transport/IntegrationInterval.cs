namespace GMem.Transport;

/// <summary>The times between which an equation is integrated or training times are drawn.</summary>
/// <param name="Start">Where it begins; above <paramref name="End"/> when data are turned into noise.</param>
/// <param name="End">Where it ends. A stochastic sampler with a last step ends that step's size before 1.</param>
internal readonly record struct IntegrationInterval(double Start, double End);

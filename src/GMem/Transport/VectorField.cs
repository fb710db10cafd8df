namespace GMem.Transport;

/// <summary>
/// A time-dependent vector field: what solvers evaluate. It is a network's prediction with its condition bound, a drift or a score.
/// </summary>
/// <remarks>
/// All rows share one time, and the host knows it: solvers compare it, step it and guide by it without waiting for a device. The network
/// itself, in which every row has a time and a condition of its own, is the other function of this kind; the sampler turns it into this
/// one.
/// </remarks>
/// <param name="x">States <c>[B, ...]</c>.</param>
/// <param name="time">The time of all rows; 0 is noise, 1 is data.</param>
/// <returns>A new tensor of the shape of <paramref name="x"/>.</returns>
public delegate torch.Tensor VectorField(torch.Tensor x, double time);

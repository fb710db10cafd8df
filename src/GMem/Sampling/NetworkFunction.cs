namespace GMem.Sampling;

/// <summary>
/// A conditional network as a function. Rows have their own times and conditions, because guidance makes one pass of twice the rows. With
/// condition and guidance bound it is a <see cref="Transport.VectorField"/>, and solvers see nothing else.
/// </summary>
/// <param name="x">States <c>[B, ...]</c>.</param>
/// <param name="t">Times <c>[B]</c>; 0 is noise, 1 is data.</param>
/// <param name="condition">Snippets <c>[B, m]</c> or labels <c>[B]</c>; null where there is nothing to condition on.</param>
/// <returns>The prediction (velocity, noise or score), a new tensor of the shape of <paramref name="x"/>.</returns>
internal delegate torch.Tensor NetworkFunction(torch.Tensor x, torch.Tensor t, torch.Tensor? condition);

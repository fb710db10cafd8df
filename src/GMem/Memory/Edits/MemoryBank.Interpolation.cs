namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Interpolates between the snippets of two entries. The result is not added to the bank.</summary>
    /// <param name="first">The index of the first entry.</param>
    /// <param name="second">The index of the second entry.</param>
    /// <param name="fraction">The share of the second: 0 gives the first, 1 the second. Finite.</param>
    /// <param name="method">The method; <see cref="SnippetInterpolation.Linear"/> by default.</param>
    /// <param name="seed">For <see cref="SnippetInterpolation.Mask"/>. Default 0.</param>
    /// <param name="device">The device of the result; null for the CPU.</param>
    /// <returns>A new tensor <c>[m]</c> of 32-bit floats and unit length, as <see cref="Snippets.Interpolate"/> says; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An index is not in the bank, the fraction is not finite, or the method is unknown.
    /// </exception>
    public torch.Tensor Interpolate(
        long first,
        long second,
        double fraction,
        SnippetInterpolation method = SnippetInterpolation.Linear,
        long seed = 0,
        torch.Device? device = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor rows = Rows([first, second]);
        return Snippets.Interpolate(rows[0], rows[1], fraction, method, seed).to(device ?? torch.CPU).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Interpolates between the coefficients of two entries of a low-rank bank and reconstructs a snippet from the result.
    /// </summary>
    /// <param name="first">The index of the first entry.</param>
    /// <param name="second">The index of the second entry.</param>
    /// <param name="fraction">The share of the second: 0 gives the first, 1 the second. Finite.</param>
    /// <param name="method">The method; <see cref="SnippetInterpolation.Linear"/> by default.</param>
    /// <param name="seed">For <see cref="SnippetInterpolation.Mask"/>. Default 0.</param>
    /// <param name="device">The device of the result; null for the CPU.</param>
    /// <returns>A new tensor <c>[m]</c> of 32-bit floats and unit length; dispose it.</returns>
    /// <exception cref="InvalidOperationException">
    /// The storage has no coefficients, or the two cancel each other so that no direction is left.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An index is not in the bank, the fraction is not finite, or the method is unknown.
    /// </exception>
    public torch.Tensor InterpolateCoefficients(
        long first,
        long second,
        double fraction,
        SnippetInterpolation method = SnippetInterpolation.Linear,
        long seed = 0,
        torch.Device? device = null)
    {
        CheckIndex(first, nameof(first));
        CheckIndex(second, nameof(second));
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor vectors = _layout.Vectors([first, second]);
        Snippets.CheckPair(vectors[0], vectors[1], fraction);
        torch.Tensor row = _storage.Blend(vectors, (a, b) => Snippets.Raw(a, b, fraction, method, seed));
        return row.norm().item<float>() >= SnippetAlgebra.Vanished
            ? SnippetAlgebra.Normalize(row).to(device ?? torch.CPU).MoveToOuterDisposeScope()
            : throw new InvalidOperationException(
                $"The coefficients of the entries {first} and {second} cancel each other at the fraction {fraction}; "
                + "no direction is left.");
    }
}

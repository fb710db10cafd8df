using GMem.Runtime;
using TorchSharp;

namespace GMem.Memory;

public sealed partial class MemoryBank
{
    /// <summary>Makes a snippet of two entries; nothing is added to the bank (<see cref="Add"/> does).</summary>
    /// <param name="first">Index of the one.</param>
    /// <param name="second">Index of the other.</param>
    /// <param name="fraction">The part of the second: 0 gives the first, 1 the second. Finite.</param>
    /// <param name="method">How; <see cref="SnippetInterpolation.Linear"/> by default.</param>
    /// <param name="seed">For <see cref="SnippetInterpolation.Mask"/>. Default 0.</param>
    /// <param name="device">Where to; null for the CPU.</param>
    /// <returns>A new tensor <c>[m]</c> of 32-bit floats and unit length, as <see cref="Snippets.Interpolate"/> says; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is not in the bank, the fraction is not finite, or the method is unknown.</exception>
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

    /// <summary>The same on the coefficients of a low-rank bank: the blend is made there, then turned into a snippet.</summary>
    /// <param name="first">Index of the one.</param>
    /// <param name="second">Index of the other.</param>
    /// <param name="fraction">The part of the second: 0 gives the first, 1 the second. Finite.</param>
    /// <param name="method">How; <see cref="SnippetInterpolation.Linear"/> by default.</param>
    /// <param name="seed">For <see cref="SnippetInterpolation.Mask"/>. Default 0.</param>
    /// <param name="device">Where to; null for the CPU.</param>
    /// <returns>A new tensor <c>[m]</c> of 32-bit floats and unit length; dispose it.</returns>
    /// <exception cref="InvalidOperationException">The bank is not low-rank, or the two cancel each other so that no direction is left.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is not in the bank, the fraction is not finite, or the method is unknown.</exception>
    public torch.Tensor InterpolateCoefficients(
        long first,
        long second,
        double fraction,
        SnippetInterpolation method = SnippetInterpolation.Linear,
        long seed = 0,
        torch.Device? device = null)
    {
        LowRankBasis basis = _codec.Basis
            ?? throw new InvalidOperationException($"This memory bank is stored as {Storage} and has no coefficients; use Interpolate, or ToLowRank first.");
        CheckIndex(first, nameof(first));
        CheckIndex(second, nameof(second));
        GMemRuntime.EnsureLoaded();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor coefficients = _layout.Vectors([first, second]);
        Snippets.CheckPair(coefficients[0], coefficients[1], fraction);
        torch.Tensor blend = Snippets.Raw(coefficients[0], coefficients[1], fraction, method, seed);
        torch.Tensor row = basis.Reconstruct(blend.unsqueeze(0)).squeeze(0);
        return row.norm().item<float>() >= SnippetIntake.Vanished
            ? SnippetAlgebra.Normalize(row).to(device ?? torch.CPU).MoveToOuterDisposeScope()
            : throw new InvalidOperationException($"The coefficients of the entries {first} and {second} cancel each other at the fraction {fraction}; no direction is left.");
    }
}

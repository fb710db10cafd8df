namespace GMem.Memory;

/// <summary>Operations on snippets that need not be in a bank, for instance those of two images just encoded.</summary>
internal static class Snippets
{
    /// <summary>Brings snippets to unit length.</summary>
    /// <param name="snippets"><c>[..., m]</c>, a float type, on any device.</param>
    /// <returns>A new tensor of that shape and device, 32-bit floats; dispose it.</returns>
    /// <exception cref="ArgumentException">
    /// A snippet is not finite, or shorter than 1e-12: the zero vector is the condition "no memory", not a snippet.
    /// </exception>
    public static torch.Tensor Normalize(torch.Tensor snippets)
    {
        ArgumentNullException.ThrowIfNull(snippets);
        if (snippets.dim() < 1 || snippets.numel() == 0 || !torch.is_floating_point(snippets))
        {
            throw new ArgumentException(
                $"Snippets must be a float tensor [..., m] with something in it; "
                + $"it is {snippets.dtype} [{string.Join(", ", snippets.shape)}].",
                nameof(snippets));
        }

        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor wide = snippets.detach().to(torch.float64);
        torch.Tensor norm = wide.Squared().sum(-1, keepdim: true).sqrt();
        torch.Tensor good = SnippetAlgebra.HasDirection(norm);
        if (!good.all().item<bool>())
        {
            long[] bad = [.. good.reshape(-1).logical_not().nonzero().cpu().data<long>()];
            throw new ArgumentException(
                $"Snippets {TextList.Of(bad)} are not finite or shorter than {SnippetAlgebra.MinimumNorm:g1}; they have no direction.",
                nameof(snippets));
        }

        return (wide / norm).to(torch.float32).MoveToOuterDisposeScope();
    }

    /// <summary>Interpolates between two snippets.</summary>
    /// <param name="first"><c>[..., m]</c>; brought to unit length first.</param>
    /// <param name="second">Of the same shape; brought to unit length first.</param>
    /// <param name="fraction">The share of the second: 0 gives the first, 1 the second. Finite; outside [0, 1] it extrapolates.</param>
    /// <param name="method">The method; <see cref="SnippetInterpolation.Linear"/> by default.</param>
    /// <param name="seed">For <see cref="SnippetInterpolation.Mask"/>: the same seed takes the same components. Default 0.</param>
    /// <returns>
    /// A new tensor of that shape, of unit length; dispose it. Identical snippets give themselves. Between opposite ones no path
    /// is unique: the linear and the spherical method then turn through a perpendicular direction that depends on the first
    /// alone.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The shapes differ, a snippet has no direction, or (concat and mask) nothing but zeros was chosen.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is not finite, or the method is unknown.</exception>
    public static torch.Tensor Interpolate(
        torch.Tensor first,
        torch.Tensor second,
        double fraction,
        SnippetInterpolation method = SnippetInterpolation.Linear,
        long seed = 0)
    {
        CheckPair(first, second, fraction);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = Normalize(first);
        torch.Tensor b = Normalize(second);
        torch.Tensor raw = Raw(a, b, fraction, method, seed);
        torch.Tensor vanished = raw.to(torch.float64).Squared().sum(-1, keepdim: true).sqrt().IsBelow(SnippetAlgebra.Vanished);
        if (vanished.any().item<bool>())
        {
            if (method is SnippetInterpolation.Concat or SnippetInterpolation.Mask)
            {
                throw new ArgumentException(
                    $"The components that {method} takes of the two snippets are all zero; use another method"
                    + $"{(method == SnippetInterpolation.Mask ? " or seed" : "")}.",
                    nameof(second));
            }

            raw = torch.where(vanished, SnippetAlgebra.Spherical(a, b, fraction), raw);
        }

        return SnippetAlgebra.Normalize(raw).MoveToOuterDisposeScope();
    }

    /// <summary>The algebra of a method on raw rows.</summary>
    internal static torch.Tensor Raw(
        torch.Tensor first,
        torch.Tensor second,
        double fraction,
        SnippetInterpolation method,
        long seed) => method switch
        {
            SnippetInterpolation.Linear => SnippetAlgebra.Linear(first, second, fraction),
            SnippetInterpolation.Spherical => SnippetAlgebra.Spherical(first, second, fraction),
            SnippetInterpolation.Concat => SnippetAlgebra.Concat(first, second),
            SnippetInterpolation.Mask => MaskFromSeed(first, second, seed),
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "Not a method of interpolation."),
        };

    internal static void CheckPair(torch.Tensor first, torch.Tensor second, double fraction)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!first.shape.SequenceEqual(second.shape))
        {
            throw new ArgumentException(
                $"The snippets have the shapes [{string.Join(", ", first.shape)}] and "
                + $"[{string.Join(", ", second.shape)}]; they must be the same.",
                nameof(second));
        }

        if (!double.IsFinite(fraction))
        {
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The fraction must be finite.");
        }
    }

    private static torch.Tensor MaskFromSeed(torch.Tensor first, torch.Tensor second, long seed)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(seed, RandomPurpose.Memory);
        torch.Tensor uniform = torch.rand(first.shape, generator: generator).to(first.device);
        return SnippetAlgebra.Mask(first, second, uniform).MoveToOuterDisposeScope();
    }
}

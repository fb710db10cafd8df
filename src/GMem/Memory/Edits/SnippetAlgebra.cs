namespace GMem.Memory;

/// <summary>The algebra of snippets on raw rows, of any length. The last axis is the snippet; results are new tensors.</summary>
internal static class SnippetAlgebra
{
    /// <summary>A row shorter than this has no direction: the floor of the published normalisation.</summary>
    public const double MinimumNorm = 1e-12;

    /// <summary>What is left of unit vectors that is shorter than this has lost its direction to rounding.</summary>
    public const double Vanished = 1e-6;

    /// <summary>Vectors closer than this (in radians) to one line have no plane of their own to turn in.</summary>
    private const double SmallestAngle = 1e-6;

    /// <summary>Where a length is finite and not (almost) zero.</summary>
    public static torch.Tensor HasDirection(torch.Tensor norm) => norm.isfinite().logical_and(norm.IsAtLeast(MinimumNorm));

    /// <summary>
    /// Rows over their Euclidean length, or over <see cref="MinimumNorm"/> where they are shorter. Lengths are summed in double.
    /// </summary>
    public static torch.Tensor Normalize(torch.Tensor rows, long dim = -1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor wide = rows.to(torch.float64);
        torch.Tensor norm = Norm(wide, dim).AtLeast(MinimumNorm);
        return (wide / norm).to(rows.dtype).MoveToOuterDisposeScope();
    }

    /// <summary><c>(1 - fraction) first + fraction second</c>; any fraction, beyond [0, 1] it extrapolates.</summary>
    public static torch.Tensor Linear(torch.Tensor first, torch.Tensor second, double fraction)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return first.Times(1 - fraction).PlusScaledInPlace(fraction, second).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// <c>sin((1 - f) a) / sin(a) first + sin(f a) / sin(a) second</c> with <c>a</c> the angle between them. Parallel rows: its limit, the
    /// linear blend. Opposite rows have no one great circle: the one through <see cref="Perpendicular"/> is taken.
    /// </summary>
    public static torch.Tensor Spherical(torch.Tensor first, torch.Tensor second, double fraction)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = first.to(torch.float64);
        torch.Tensor b = second.to(torch.float64);
        torch.Tensor angle = Angle(a, b);
        torch.Tensor parallel = angle.IsBelow(SmallestAngle);
        torch.Tensor opposite = angle.IsAbove(Math.PI - SmallestAngle);
        torch.Tensor sine = torch.where(parallel.logical_or(opposite), torch.ones_like(angle), angle.sin());
        torch.Tensor turned = (a * (angle.Times(1 - fraction).sin_() / sine)).Plus(b * (angle.Times(fraction).sin_() / sine));
        torch.Tensor around = a.Times(Math.Cos(Math.PI * fraction)).PlusScaledInPlace(Math.Sin(Math.PI * fraction), Perpendicular(a));
        torch.Tensor result = torch.where(parallel, Linear(a, b, fraction), torch.where(opposite, around, turned));
        return result.to(first.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Unit rows, turned towards others to a cosine; where both lie on one line they stay as they are.</summary>
    /// <param name="first">Unit rows <c>[..., m]</c>.</param>
    /// <param name="towards">Of that shape, of any length.</param>
    /// <param name="cosine">To the first, from 0 to 1.</param>
    /// <param name="atMostHalfWay">Whether they stop half way to the others, which are unit rows too.</param>
    public static torch.Tensor Turned(torch.Tensor first, torch.Tensor towards, double cosine, bool atMostHalfWay)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = first.to(torch.float64);
        torch.Tensor b = towards.to(torch.float64);
        torch.Tensor along = (a * b).sum(-1, keepdim: true);
        torch.Tensor across = b - (a * along);
        torch.Tensor length = Norm(across, -1);
        torch.Tensor share = length.Filled(cosine);
        share = atMostHalfWay ? torch.maximum(share, along.Clamped(-1, 1).OnePlus().TimesInPlace(0.5).sqrt_()) : share;
        torch.Tensor rest = share.Squared().OneMinus().AtLeastInPlace(0).sqrt_();
        torch.Tensor turned = (a * share).Plus(across / length.AtLeast(MinimumNorm) * rest);
        return torch.where(length.IsBelow(Vanished), a, Normalize(turned)).to(first.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The first <c>floor(m / 2)</c> components of the first, then those of the second.</summary>
    public static torch.Tensor Concat(torch.Tensor first, torch.Tensor second)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long size = first.shape[^1];
        long half = size / 2;
        return torch.cat([first.narrow(-1, 0, half), second.narrow(-1, half, size - half)], dim: -1).MoveToOuterDisposeScope();
    }

    /// <summary>The component of the first where the uniform draw is above one half, else that of the second.</summary>
    public static torch.Tensor Mask(torch.Tensor first, torch.Tensor second, torch.Tensor uniform)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return torch.where(uniform.IsAbove(0.5), first, second).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// A row at right angles to each, as long as it: the axis on which it has least, made perpendicular. The same row always
    /// gives the same.
    /// </summary>
    public static torch.Tensor Perpendicular(torch.Tensor rows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor length = Norm(rows, -1).AtLeast(MinimumNorm);
        torch.Tensor unit = rows / length;
        torch.Tensor axis = torch.zeros_like(unit).scatter(-1, unit.abs().argmin(-1, keepdim: true), torch.ones_like(unit));
        torch.Tensor across = axis - (unit * (unit * axis).sum(-1, keepdim: true));
        return (across / Norm(across, -1).AtLeast(MinimumNorm) * length).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The angle between rows, in [0, pi]: twice atan2(|u - v|, |u + v|) of their directions, exact near 0 and pi where acos is
    /// not.
    /// </summary>
    private static torch.Tensor Angle(torch.Tensor first, torch.Tensor second)
    {
        torch.Tensor u = Normalize(first);
        torch.Tensor v = Normalize(second);
        return torch.atan2(Norm(u - v, -1), Norm(u.Plus(v), -1)).Times(2);
    }

    private static torch.Tensor Norm(torch.Tensor rows, long dim) => rows.Squared().sum(dim, keepdim: true).sqrt();
}

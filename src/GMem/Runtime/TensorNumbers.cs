using static TorchSharp.torch;

namespace GMem.Runtime;

/// <summary>Arithmetic between tensors and numbers that is safe from garbage collection.</summary>
/// <remarks>
/// Whenever TorchSharp takes a number, it creates a native Scalar with a finalizer. Nothing keeps the Scalar alive during the native call,
/// so a garbage collection at that moment frees it and libtorch reads freed memory. The result is "Unknown scalar type" or a wrong number.
/// This was seen five times in 200,000 products under constant collection, and in tests under normal collection. Adding two tensors is
/// also such a call, because its factor 1 is a number. Upstream, https://github.com/dotnet/TorchSharp/pull/1434 and
/// https://github.com/dotnet/TorchSharp/pull/1496 dispose of implicit Scalars, but TorchSharp 0.107 has neither. Here the Scalar outlives
/// the call and is freed at once, not by the finalizer. The operators are banned symbols (src/BannedSymbols.txt). A test searches the
/// compiled code for other such calls.
/// </remarks>
internal static partial class TensorNumbers
{
    private static readonly Scalar One = 1;

    /// <summary>x * factor.</summary>
    public static Tensor Times(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return x.mul(scalar);
    }

    /// <summary>x *= factor.</summary>
    public static Tensor TimesInPlace(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return x.mul_(scalar);
    }

    /// <summary>x / divisor, which rounds differently from multiplying by the inverse.</summary>
    public static Tensor DividedBy(this Tensor x, double divisor)
    {
        using Scalar scalar = divisor;
        return x.div(scalar);
    }

    /// <summary>x /= divisor.</summary>
    public static Tensor DividedByInPlace(this Tensor x, double divisor)
    {
        using Scalar scalar = divisor;
        return x.div_(scalar);
    }

    /// <summary>x ^ exponent.</summary>
    public static Tensor ToThePower(this Tensor x, double exponent)
    {
        using Scalar scalar = exponent;
        return x.pow(scalar);
    }

    /// <summary>The remainder of x / divisor.</summary>
    public static Tensor Remainder(this Tensor x, long divisor)
    {
        using Scalar scalar = divisor;
        return x.remainder(scalar);
    }

    /// <summary>x + summand.</summary>
    public static Tensor Plus(this Tensor x, double summand)
    {
        using Scalar scalar = summand;
        return x.add(scalar, One);
    }

    /// <summary>x += summand.</summary>
    public static Tensor PlusInPlace(this Tensor x, double summand)
    {
        using Scalar scalar = summand;
        return x.add_(scalar, One);
    }

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x += y.</summary>
    public static Tensor PlusInPlace(this Tensor x, Tensor y) => x.add_(y, One);

    /// <summary>x * x; TorchSharp's square would call the power with the number 2.</summary>
    public static Tensor Squared(this Tensor x) => x.mul(x);

    /// <summary>1 + x.</summary>
    public static Tensor OnePlus(this Tensor x) => x.add(One, One);

    /// <summary>1 - x, rounded only once.</summary>
    public static Tensor OneMinus(this Tensor x) => x.neg().add_(One, One);

    /// <summary>x + factor * y.</summary>
    public static Tensor PlusScaled(this Tensor x, double factor, Tensor y)
    {
        using Scalar scalar = factor;
        return x.add(y, scalar);
    }

    /// <summary>x += factor * y.</summary>
    public static Tensor PlusScaledInPlace(this Tensor x, double factor, Tensor y)
    {
        using Scalar scalar = factor;
        return x.add_(y, scalar);
    }

    /// <summary>x + a * b.</summary>
    public static Tensor PlusProduct(this Tensor x, Tensor a, Tensor b) => addcmul(x, a, b, One);
}

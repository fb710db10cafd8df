using static TorchSharp.torch;

namespace GMem.Runtime;

/// <content>Constant tensors, limits and comparisons.</content>
internal static partial class TensorNumbers
{
    /// <summary>A vector filled with one number, with the type and device of another tensor.</summary>
    public static Tensor Filled(this Tensor like, long count, double value)
    {
        using Scalar scalar = value;
        return full(count, scalar, dtype: like.dtype, device: like.device);
    }

    /// <summary>A tensor filled with one number, with the shape, type and device of another.</summary>
    public static Tensor Filled(this Tensor like, double value)
    {
        using Scalar scalar = value;
        return full_like(like, scalar);
    }

    /// <summary>A tensor filled with one number; float32 by default.</summary>
    public static Tensor Full(ReadOnlySpan<long> shape, double value, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        using Scalar scalar = value;
        return full(shape, scalar, dtype: type, device: device);
    }

    /// <summary>The integers from the first up to, but not including, the last; int64 by default.</summary>
    public static Tensor Range(long from, long below, ScalarType type = ScalarType.Int64, Device? device = null)
    {
        using Scalar start = from;
        using Scalar stop = below;
        return arange(start, stop, One, dtype: type, device: device);
    }

    /// <summary>Sets every entry.</summary>
    public static Tensor FillInPlace(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.fill_(scalar);
    }

    /// <summary>x, with the number in place of the entries where the mask is true.</summary>
    public static Tensor FilledWhere(this Tensor x, Tensor mask, double value)
    {
        using Scalar scalar = value;
        return x.masked_fill(mask, scalar);
    }

    /// <summary>Sets the entries where the mask is true.</summary>
    public static Tensor FillWhereInPlace(this Tensor x, Tensor mask, double value)
    {
        using Scalar scalar = value;
        return x.masked_fill_(mask, scalar);
    }

    /// <summary>x, clamped to a range.</summary>
    public static Tensor Clamped(this Tensor x, double least, double largest)
    {
        using Scalar min = least;
        using Scalar max = largest;
        return x.clamp(min, max);
    }

    /// <summary>Clamps x to a range.</summary>
    public static Tensor ClampInPlace(this Tensor x, double least, double largest)
    {
        using Scalar min = least;
        using Scalar max = largest;
        return x.clamp_(min, max);
    }

    /// <summary>The larger of x and a number.</summary>
    public static Tensor AtLeast(this Tensor x, double least)
    {
        using Scalar scalar = least;
        return x.clamp_min(scalar);
    }

    /// <summary>Raises entries of x below a number to it.</summary>
    public static Tensor AtLeastInPlace(this Tensor x, double least)
    {
        using Scalar scalar = least;
        return x.clamp_min_(scalar);
    }

    /// <summary>Lowers entries of x above a number to it.</summary>
    public static Tensor AtMostInPlace(this Tensor x, double largest)
    {
        using Scalar scalar = largest;
        return x.clamp_max_(scalar);
    }

    /// <summary>x &lt; value.</summary>
    public static Tensor IsBelow(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.lt(scalar);
    }

    /// <summary>x &gt; value.</summary>
    public static Tensor IsAbove(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.gt(scalar);
    }

    /// <summary>x &gt;= value.</summary>
    public static Tensor IsAtLeast(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.ge(scalar);
    }

    /// <summary>x &lt;= value.</summary>
    public static Tensor IsAtMost(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.le(scalar);
    }

    /// <summary>x = value.</summary>
    public static Tensor IsEqualTo(this Tensor x, double value)
    {
        using Scalar scalar = value;
        return x.eq(scalar);
    }
}

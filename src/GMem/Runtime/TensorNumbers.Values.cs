using static TorchSharp.torch;

namespace GMem.Runtime;

/// <content>Tensors of numbers; numbers as limits and in comparisons.</content>
internal static partial class TensorNumbers
{
    /// <summary>A vector of one number, in the type and on the device of another tensor.</summary>
    public static Tensor Filled(this Tensor like, long count, double value)
    {
        using Scalar scalar = value;
        return full(count, scalar, dtype: like.dtype, device: like.device);
    }

    /// <summary>A tensor of one number, in the shape and the type and on the device of another.</summary>
    public static Tensor Filled(this Tensor like, double value)
    {
        using Scalar scalar = value;
        return full_like(like, scalar);
    }

    /// <summary>A tensor of one number; float32 by default.</summary>
    public static Tensor Full(ReadOnlySpan<long> shape, double value, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        using Scalar scalar = value;
        return full(shape, scalar, dtype: type, device: device);
    }

    /// <summary>The whole numbers from a first to below a last one; int64 by default.</summary>
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

    /// <summary>x, but another number where the mask is true.</summary>
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

    /// <summary>x, cut off below and above.</summary>
    public static Tensor Clamped(this Tensor x, double least, double largest)
    {
        using Scalar min = least;
        using Scalar max = largest;
        return x.clamp(min, max);
    }

    /// <summary>Cuts x off below and above.</summary>
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

    /// <summary>Raises x to a number where it is less.</summary>
    public static Tensor AtLeastInPlace(this Tensor x, double least)
    {
        using Scalar scalar = least;
        return x.clamp_min_(scalar);
    }

    /// <summary>Lowers x to a number where it is more.</summary>
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

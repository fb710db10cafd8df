using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace GMem.FileFormats;

/// <summary>The raw bytes of CPU tensors, in pieces so that tensors of more than 2 GB pass too.</summary>
internal static class TensorBytes
{
    private const int Piece = 1 << 24;

    public static torch.Tensor Allocate(SafetensorsEntry entry)
    {
        // A scalar's shape is empty, which torch.empty takes as such.
        return torch.empty([.. entry.Shape], dtype: entry.DataType, device: torch.CPU);
    }

    public static unsafe byte* Address(torch.Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
        {
            throw new ArgumentException("The tensor must be contiguous and on the CPU.", nameof(tensor));
        }

        if (tensor.numel() == 0)
        {
            return null;
        }

        // bytes is a span, which ends at 2 GB; its first byte is all that is needed.
        using torch.Tensor detached = tensor.detach();
        using torch.Tensor flat = detached.view(-1);
        using torch.Tensor first = flat.narrow(0, 0, 1);
        fixed (byte* address = first.bytes)
        {
            return address;
        }
    }

    public static long Length(torch.Tensor tensor) => tensor.numel() * tensor.ElementSize;

    public static unsafe void Fill(torch.Tensor tensor, Stream stream, string name)
    {
        byte* target = Address(tensor);
        for (long done = 0, length = Length(tensor); done < length;)
        {
            int read = stream.Read(new Span<byte>(target + done, (int)Math.Min(Piece, length - done)));
            if (read == 0)
            {
                throw new InvalidDataException($"'{name}' ends before its last tensor is complete; it was cut short.");
            }

            done += read;
        }
    }

    /// <summary>Refuses a tensor of a file with infinities or NaN.</summary>
    /// <exception cref="InvalidDataException">It has some; the message names the file and the tensor.</exception>
    public static void RequireFinite(torch.Tensor tensor, string file, string name)
    {
        if (!IsFinite(tensor))
        {
            throw new InvalidDataException($"'{file}': the tensor '{name}' has values that are not finite; it is damaged.");
        }
    }

    /// <summary>Whether a tensor on the CPU has neither infinities nor NaN.</summary>
    public static unsafe bool IsFinite(torch.Tensor tensor) => IsFinite(Address(tensor), tensor.numel(), tensor.dtype);

    /// <summary>Whether no exponent is all ones. libtorch's own isfinite takes ten times as long.</summary>
    /// <param name="address">Of the first number.</param>
    /// <param name="count">How many numbers.</param>
    /// <param name="type">Their type.</param>
    public static unsafe bool IsFinite(byte* address, long count, torch.ScalarType type)
    {
        return type switch
        {
            torch.ScalarType.Float32 => IsFinite((uint*)address, count, 0x7f80_0000u),
            torch.ScalarType.ComplexFloat32 => IsFinite((uint*)address, 2 * count, 0x7f80_0000u),
            torch.ScalarType.Float64 => IsFinite((ulong*)address, count, 0x7ff0_0000_0000_0000ul),
            torch.ScalarType.ComplexFloat64 => IsFinite((ulong*)address, 2 * count, 0x7ff0_0000_0000_0000ul),
            torch.ScalarType.Float16 => IsFinite((ushort*)address, count, (ushort)0x7c00),
            torch.ScalarType.BFloat16 => IsFinite((ushort*)address, count, (ushort)0x7f80),
            _ => true,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe bool IsFinite<T>(T* values, long count, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector<T> ones = new(exponent);
        long i = 0;
        for (; i <= count - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(Vector.Load(values + i) & ones, ones))
            {
                return false;
            }
        }

        for (; i < count; i++)
        {
            if ((values[i] & exponent) == exponent)
            {
                return false;
            }
        }

        return true;
    }

    public static void WriteTo(Stream stream, torch.Tensor tensor) => ForEachPiece(tensor, stream.Write);

    public static void AppendTo(IncrementalHash hash, torch.Tensor tensor) => ForEachPiece(tensor, hash.AppendData);

    private static unsafe void ForEachPiece(torch.Tensor tensor, Action<ReadOnlySpan<byte>> take)
    {
        byte* source = Address(tensor);
        for (long done = 0, length = Length(tensor); done < length;)
        {
            int piece = (int)Math.Min(Piece, length - done);
            take(new ReadOnlySpan<byte>(source + done, piece));
            done += piece;
        }
    }

    public static void Skip(Stream stream, long count, string name)
    {
        byte[] buffer = new byte[(int)Math.Min(count, 4096)];
        while (count > 0)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(count, buffer.Length));
            if (read == 0)
            {
                throw new InvalidDataException($"'{name}' ends before its last tensor is complete; it was cut short.");
            }

            count -= read;
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GMem.FileFormats;

namespace GMem.Memory;

/// <summary>
/// What the vectors of a bank's file must be, which is asked when they are first read: finite, and where they are the snippets
/// themselves, of unit length.
/// </summary>
/// <param name="storage">Their storage.</param>
/// <param name="name">What to call the tensor in an error.</param>
internal sealed class RowCheck(SnippetStorage storage, string name)
{
    /// <summary>Components rounded to 16 bits change a length by at most 5e-4 of it.</summary>
    private const float UnitTolerance = 2e-3f;

    /// <exception cref="InvalidDataException">A row is none that the storage writes; the message names it.</exception>
    public void Require(ReadOnlySpan<byte> rows, int width, int firstRow)
    {
        bool isHalf = storage.ElementType == torch.ScalarType.Float16;
        if (!isHalf && storage.ElementType != torch.ScalarType.Float32)
        {
            return;
        }

        bool isUnit = storage is Float32Storage or Float16Storage;
        int rowBytes = width * (isHalf ? sizeof(ushort) : sizeof(float));
        for (int row = 0; row < rows.Length / rowBytes; row++)
        {
            ReadOnlySpan<byte> bytes = rows.Slice(row * rowBytes, rowBytes);
            if (!(isUnit ? IsUnit(bytes, isHalf) : IsFinite(bytes, width)))
            {
                throw new InvalidDataException($"{name} is damaged: row {firstRow + row} is not of unit length, or not finite.");
            }
        }
    }

    private static bool IsUnit(ReadOnlySpan<byte> row, bool isHalf)
    {
        float square = isHalf ? SquareOf(MemoryMarshal.Cast<byte, ushort>(row)) : SquareOf(MemoryMarshal.Cast<byte, float>(row));
        return MathF.Abs(MathF.Sqrt(square) - 1) < UnitTolerance;
    }

    /// <summary>Vectors of a user's own storage may be of any length.</summary>
    private unsafe bool IsFinite(ReadOnlySpan<byte> row, int width)
    {
        fixed (byte* first = row)
        {
            return TensorBytes.IsFinite(first, width, storage.ElementType);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SquareOf(ReadOnlySpan<float> row)
    {
        Vector<float> sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> x = new(row[i..]);
            sum += x * x;
        }

        float square = Vector.Sum(sum);
        for (; i < row.Length; i++)
        {
            square += row[i] * row[i];
        }

        return square;
    }

    /// <summary>
    /// Of 16-bit floats: the bits of their magnitudes are moved to where those of 32-bit floats are, and the exponent's bias is made up for
    /// by a factor. What is not finite becomes 65,536 or more, which no component of a unit row is.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SquareOf(ReadOnlySpan<ushort> row)
    {
        const int Magnitude = 0x7fff, Shift = 13;
        float bias = MathF.ScaleB(1, 127 - 15);
        Vector<float> even = Vector<float>.Zero, odd = Vector<float>.Zero;
        int i = 0;
        for (; i <= row.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(row[i..]) & new Vector<ushort>(Magnitude), out Vector<uint> low, out Vector<uint> high);
            Vector<float> x = Vector.AsVectorSingle(low << Shift) * bias, y = Vector.AsVectorSingle(high << Shift) * bias;
            even += x * x;
            odd += y * y;
        }

        float square = Vector.Sum(even + odd);
        for (; i < row.Length; i++)
        {
            float x = BitConverter.Int32BitsToSingle((row[i] & Magnitude) << Shift) * bias;
            square += x * x;
        }

        return square;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GMem.Memory;

/// <summary>
/// What the vectors of a bank's file must be, which is asked when they are first read: finite, and where they are the snippets themselves, of
/// unit length.
/// </summary>
/// <param name="storage">Their storage.</param>
/// <param name="name">What to call the tensor in an error.</param>
internal sealed class RowCheck(SnippetStorage storage, string name)
{
    /// <summary>Components rounded to 16 bits change a length by at most 5e-4 of it.</summary>
    private const double UnitTolerance = 2e-3;

    /// <exception cref="InvalidDataException">A row is none that the storage writes; the message names it.</exception>
    public void Require(ReadOnlySpan<byte> rows, int width, int firstRow)
    {
        ReadOnlySpan<ushort> halves = storage.ElementType == torch.ScalarType.Float16 ? MemoryMarshal.Cast<byte, ushort>(rows) : [];
        ReadOnlySpan<float> floats = storage.ElementType == torch.ScalarType.Float32 ? MemoryMarshal.Cast<byte, float>(rows) : [];
        Span<float> wide = new float[width];
        for (int row = 0; row < Math.Max(halves.Length, floats.Length) / width; row++)
        {
            ReadOnlySpan<float> vector = floats.Length > 0 ? floats.Slice(row * width, width) : wide;
            if (halves.Length > 0)
            {
                WidenMagnitudes(halves.Slice(row * width, width), wide);
            }

            double length = UnitRows.Length(vector);
            if (storage is Float32Storage or Float16Storage ? !(Math.Abs(length - 1) < UnitTolerance) : !double.IsFinite(length))
            {
                throw new InvalidDataException(
                    $"{name} is damaged: row {firstRow + row} is not of unit length, or not finite.");
            }
        }
    }

    /// <summary>
    /// Magnitudes of 16-bit floats: their bits moved to where those of 32-bit floats are, and the exponent's bias made up for by a factor.
    /// What is not finite becomes 65,536 or more, which no component of a unit row is.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenMagnitudes(ReadOnlySpan<ushort> from, Span<float> to)
    {
        const int Magnitude = 0x7fff, Shift = 13;
        float bias = MathF.ScaleB(1, 127 - 15);
        int i = 0;
        for (; i <= from.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(from[i..]) & new Vector<ushort>(Magnitude), out Vector<uint> low, out Vector<uint> high);
            (Vector.AsVectorSingle(low << Shift) * bias).CopyTo(to[i..]);
            (Vector.AsVectorSingle(high << Shift) * bias).CopyTo(to[(i + Vector<uint>.Count)..]);
        }

        for (; i < from.Length; i++)
        {
            to[i] = BitConverter.Int32BitsToSingle((from[i] & Magnitude) << Shift) * bias;
        }
    }
}
